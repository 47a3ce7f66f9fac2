"""Descriptions of vehicles and of sensor rigs."""

from __future__ import annotations

import random
from pathlib import Path

from automot_ros.base.places import shipped
from automot_ros.data.rectify import Rectifier
from automot_ros.data.vehicle_files import read_rig, read_vehicle
from fuzzing.mutate import changed_yaml
from fuzzing.subject import Case, Subject, write_case

VEHICLES, RIGS = ("ackermann_car", "carla_lincoln_mkz", "small_robot"), ("car_full_hd", "embedded")


class Description(Subject):
    """The shipped files, changed; a lens that is read must be one that pictures can be taken through."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._good = {f"{kind}.{name}.yaml": shipped(f"config/{kind}/{name}.yaml").read_bytes()
                      for kind, names in (("vehicles", VEHICLES), ("rigs", RIGS)) for name in names}

    def good(self) -> Case:
        """All of them."""
        return self._good

    def draw(self, rng: random.Random) -> Case:
        """One of them, changed."""
        name = rng.choice(list(self._good))
        return {name: changed_yaml(rng, self._good[name])}

    def take(self, case: Case) -> None:
        """Read what is there."""
        write_case(case, self.folder)
        for name in case:
            if name.startswith("vehicles"):
                read_vehicle(str(self.folder / name))
            else:
                camera = read_rig(str(self.folder / name)).cameras[0]
                if camera.lens is not None:
                    Rectifier(camera)
