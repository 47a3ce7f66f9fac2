"""Errors a person can act on: what failed, where, what was found, what was wanted."""


class AutomotError(ValueError):
    """Base of every error this package raises on purpose; `code` is stable, the text is for people."""

    code = "automot"

    def __init__(self, what: str, *, where: str = "", got: object = None, wanted: object = None) -> None:
        text = what
        if where:
            text += f" in {where}"
        if got is not None:
            text += f": got {got}"
        if wanted is not None:
            text += f", wanted {wanted}"
        super().__init__(text)


class ConfigError(AutomotError):
    """A parameter, a command-line value or a YAML file is out of its bounds or contradicts another."""

    code = "config"


class MessageError(AutomotError):
    """A message or a file from outside has a size, type, frame or value that cannot be used."""

    code = "message"


class ContextError(AutomotError):
    """An attention context is torn, stale, of another model, or claims what it cannot hold."""

    code = "context"


class CheckpointError(AutomotError):
    """Weights are missing, have another shape, or do not hash to what was announced."""

    code = "checkpoint"


class MapError(AutomotError):
    """An OpenDRIVE map or a route on it cannot be used."""

    code = "map"


class MachineError(AutomotError):
    """This machine lacks something (a driver, a package, shared memory); the text names the command that mends it."""

    code = "machine"
