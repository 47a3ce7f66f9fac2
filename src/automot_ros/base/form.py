"""The form that a value from a file must have, so that whoever reads it finds what it looks for.

A form is a type (float: any finite number, of no absurd size), None, a tuple of alternatives, a list of one form (any
number of them), a dict of forms by key (`key?` may be missing, other keys are let pass), or `Each` for any keys.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from automot_ros.base.errors import AutomotError, MessageError

LARGEST = 1e15


@dataclass(frozen=True, slots=True)
class Each:
    """A dict of texts to values of one form."""

    form: Any


def checked(value: Any, form: Any, where: str, error: type[AutomotError] = MessageError) -> Any:
    """`value` if it has the form; else `error` names the place in it and what is wanted there."""
    if isinstance(form, dict):
        value = checked(value, dict, where, error)
        for name, inner in form.items():
            key = name.removesuffix("?")
            if key in value:
                checked(value[key], inner, f"{where}: {key}", error)
            elif key == name:
                raise error("value missing", where=where, wanted=key)
    elif isinstance(form, Each):
        for key, inner in checked(value, dict, where, error).items():
            checked(inner, form.form, f"{where}: {key}"[:300], error)
    elif isinstance(form, list):
        for number, inner in enumerate(checked(value, list, where, error)):
            checked(inner, form[0], f"{where} [{number}]", error)
    elif isinstance(form, tuple):
        if not any(_is(value, one) for one in form):
            raise error("value of another form", where=where, got=repr(value)[:100], wanted=_names(form))
    elif not _is(value, form):
        raise error("value of another form", where=where, got=repr(value)[:100], wanted=_names((form,)))
    return value


def _is(value: Any, form: Any) -> bool:
    """Whether a value is of a form; within alternatives, too, forms may stand within forms."""
    if form is None:
        return value is None
    if not isinstance(form, type):
        try:
            checked(value, form, "")
        except AutomotError:
            return False
        return True
    if form in (int, float):
        number = isinstance(value, int if form is int else int | float) and not isinstance(value, bool)
        return number and abs(value) <= LARGEST and math.isfinite(value)
    # Half of a surrogate pair can stand in JSON and cannot be written anywhere.
    if form is str and isinstance(value, str):
        return not any("\ud800" <= c <= "\udfff" for c in value)
    return isinstance(value, form)


def _names(forms: tuple[Any, ...]) -> str:
    return " | ".join("null" if f is None else f.__name__ if isinstance(f, type) else type(f).__name__ for f in forms)
