"""Where models lie: a name of a shipped model, or a folder of the user's."""

from __future__ import annotations

from pathlib import Path

from automot_ros.base.errors import CheckpointError, MachineError
from automot_ros.base.places import shipped


def model_folder(name: str) -> Path:
    """The folder of a path, or of a shipped model (`nano`); a checkout is looked at before the installation.

    CheckpointError says where was looked.
    """
    given = Path(name)
    if (given / "model.json").is_file():
        return given
    try:
        folder = shipped(f"models/{given.name}")
    except MachineError as error:
        raise CheckpointError("no model of that name", got=name, wanted=f"model.json in it ({error})") from error
    if given.name != name or not (folder / "model.json").is_file():
        raise CheckpointError("no model there", got=name, wanted="model.json in it, or the name of a shipped model")
    return folder
