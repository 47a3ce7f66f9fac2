"""Where models lie: a name of a shipped model, or a folder of the user's."""

from __future__ import annotations

import sys
from pathlib import Path

from automot_ros.base.errors import CheckpointError


def model_folder(name: str) -> Path:
    """The folder of a shipped model (`nano`) or of a path. CheckpointError says where was looked.

    A checkout is looked at before the installation, so that a model trained in place is the one that drives.
    """
    given = Path(name)
    here = Path(__file__).resolve().parents[3] / "models" / name
    installed = Path(sys.prefix) / "share" / "automot_ros" / "models" / name
    for folder in (given, here, installed):
        if (folder / "model.json").is_file():
            return folder
    raise CheckpointError("no model of that name", got=name, wanted=f"model.json in {given}, {here} or {installed}")
