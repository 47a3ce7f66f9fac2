"""What a drive looks like: time of day, weather, and what is wrong with the sensors."""

from __future__ import annotations

from dataclasses import dataclass

from automot_ros.base.quantity import check_bounds, quantity, switch
from automot_ros.base.seeds import stream


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """Weather and sensors of one drive; the default is a fine day and perfect sensors."""

    sun_altitude_deg: float = quantity(45.0, "deg", "Height of the sun; below 0 it is night.", low=-30.0, high=90.0)
    sun_azimuth_deg: float = quantity(220.0, "deg", "Where the sun stands, left positive.", low=-360.0, high=360.0)
    cloudiness: float = quantity(0.1, "", "Share of the sky that clouds cover.", low=0.0, high=1.0)
    fog: float = quantity(0.0, "", "Density of the fog; at 1 one sees 40 m.", low=0.0, high=1.0)
    rain: float = quantity(0.0, "", "Rain: wet road, drops on the lens.", low=0.0, high=1.0)
    camera_jitter_deg: float = quantity(0.0, "deg", "Standard deviation of pitch and roll, twice that of yaw, by tick.",
                                        low=0.0, high=3.0)
    lidar_dropout: float = quantity(0.0, "", "Share of LiDAR returns that are lost.", low=0.0, high=0.9)
    sensor_latency_ticks: int = quantity(0, "ticks", "How old camera and LiDAR are when they arrive.", low=0, high=6)
    varied_vehicles: bool = switch(False, "Vehicles in more shapes and paints; brake lamps also show who slows down.")

    def __post_init__(self) -> None:
        check_bounds(self)


def drawn_conditions(seed: int) -> Conditions:
    """The conditions of a seed: half of the drives in fine weather, the others with one or more of everything."""
    rng = stream(seed, "conditions")
    if rng.random() < 0.5:
        return Conditions(sun_altitude_deg=float(rng.uniform(20.0, 75.0)), sun_azimuth_deg=float(rng.uniform(0, 360)),
                          varied_vehicles=True)
    return Conditions(
        sun_altitude_deg=float(rng.uniform(-15.0, 75.0)), sun_azimuth_deg=float(rng.uniform(0.0, 360.0)),
        cloudiness=float(rng.uniform(0.0, 1.0)), fog=float(max(0.0, rng.uniform(-0.6, 0.6))),
        rain=float(max(0.0, rng.uniform(-0.6, 1.0))), camera_jitter_deg=float(max(0.0, rng.uniform(-0.3, 0.4))),
        lidar_dropout=float(max(0.0, rng.uniform(-0.2, 0.2))),
        sensor_latency_ticks=max(0, int(rng.integers(-3, 3))), varied_vehicles=True)
