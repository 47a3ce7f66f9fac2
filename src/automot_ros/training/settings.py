"""The numbers that decide what nano becomes; importable without torch, for the command line and the docs."""

from __future__ import annotations

from dataclasses import dataclass

from automot_ros.base.quantity import check_bounds, quantity

STAGES = ("demonstrations", "sight", "understanding", "warm-up", "corrections", "action", "refiner")


@dataclass(frozen=True, kw_only=True, slots=True)
class NanoRecipe:
    """Everything that decides what nano becomes."""

    first_seed: int = quantity(0, "", "First seed of the demonstrations.", low=0, high=900_000)
    seed: int = quantity(0, "", "Seed of weights and batches.", low=0, high=1_000_000)
    passes: int = quantity(7, "", "Drives of the expert in every scenario class; the six and plain have more.", low=1,
                           high=32)
    corrections: int = quantity(2, "", "Drives of the policy in every class, a correction round.", low=0, high=32)
    rounds: int = quantity(2, "", "Correction rounds (DAgger).", low=0, high=4)
    sight_steps: int = quantity(4000, "", "Steps of the vision tower alone, before stage 1.", low=1, high=10_000_000)
    understanding_steps: int = quantity(7000, "", "Steps of stage 1.", low=1, high=10_000_000)
    warm_up_steps: int = quantity(3600, "", "Steps of the action expert before it has a context.", low=1,
                                  high=10_000_000)
    action_steps: int = quantity(3000, "", "Steps of stage 2.", low=1, high=10_000_000)
    correction_steps: int = quantity(5500, "", "Further steps without a context, a correction round.",
                                     low=1, high=10_000_000)
    refiner_steps: int = quantity(400, "", "Steps of stage 3.", low=1, high=10_000_000)
    batch_size: int = quantity(32, "", "Samples a step.", low=1, high=4096)

    def __post_init__(self) -> None:
        check_bounds(self)
