"""The numbers that decide what nano becomes; importable without torch, for the command line and the docs."""

from __future__ import annotations

from dataclasses import dataclass

from automot_ros.base.quantity import check_bounds, quantity


@dataclass(frozen=True, kw_only=True, slots=True)
class NanoRecipe:
    """Everything that decides what nano becomes."""

    first_seed: int = quantity(0, "", "First seed of the demonstrations.", low=0, high=900_000)
    demonstrations: int = quantity(68, "", "Episodes driven by the expert.", low=2, high=100_000)
    corrections: int = quantity(8, "", "Episodes a correction round, driven by the policy.", low=0, high=100_000)
    rounds: int = quantity(1, "", "Correction rounds (DAgger).", low=0, high=20)
    understanding_demonstrations: int = quantity(45, "", "Of these, seen by stage 1.", low=2, high=100_000)
    context_demonstrations: int = quantity(24, "", "Episodes of each folder that get contexts for stages 2 and 3.",
                                           low=2, high=100_000)
    warm_up_steps: int = quantity(2500, "", "Steps of the action expert before it has a context.", low=1,
                                  high=10_000_000)
    understanding_steps: int = quantity(1100, "", "Steps of stage 1.", low=1, high=10_000_000)
    action_steps: int = quantity(1500, "", "Steps of stage 2.", low=1, high=10_000_000)
    correction_steps: int = quantity(600, "", "Further steps of stage 2 a correction round.", low=1, high=10_000_000)
    refiner_steps: int = quantity(500, "", "Steps of stage 3.", low=1, high=10_000_000)
    understanding_batch: int = quantity(16, "", "Samples a step of stage 1.", low=1, high=4096)
    batch_size: int = quantity(32, "", "Samples a step of the other stages.", low=1, high=4096)
    workers: int = quantity(2, "", "Processes that collect.", low=1, high=256)

    def __post_init__(self) -> None:
        check_bounds(self)
