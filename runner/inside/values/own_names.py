"""Names that a value of the notebook's own class answers, and the plain value lacks.

A text or list of such a class arrives as a value. Python's AttributeError about it would
not be the notebook's: `d.missing` of a dictionary whose class has a `__getattr__`. So the
object behind such a value is asked for the name, or the name is refused in words.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

ANSWERS: Final = "__getattr__"
_SET: Final = "_OwnClass__set"
# Special methods by which a class answers names, and takes what is assigned to them.
ANSWERING: Final = (ANSWERS, "__getattribute__", "__setattr__", "__delattr__")


def answers_names(own: Iterable[type], plain: type) -> bool:
    """Return whether the notebook's classes `own` give a value names that `plain` lacks."""
    names = {name: one for kind in own for name, one in vars(kind).items()}
    fields = names.get("_fields", ())
    return not names.keys().isdisjoint(ANSWERING) or any(
        not (name.startswith("_") or name in fields or hasattr(plain, name))
        for name in names
    )


def answering(
    refused: Callable[[str], Exception], object_of: Callable[[Any], Any]
) -> Callable[[Any, str], Any]:
    """Return the `__getattr__` of such values.

    `object_of` gives the object behind a value that the test has made, or None, and
    `refused` makes the error for a refusal.
    """

    def answer(value: Any, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # libraries ask for them
        behind = object_of(value)
        if behind is None:
            raise refused(
                f"the class of this value may have {name!r} in the notebook, and tests do "
                "not use that: let a function of the notebook read it"
            )
        return getattr(behind, name)

    return answer


def setting(
    refused: Callable[[str], Exception], object_of: Callable[[Any], Any]
) -> dict[str, Callable[..., Any]]:
    """Return what takes and gives names that a test sets: those of the object behind."""

    def behind(value: Any, name: str) -> Any:
        found = object_of(value)
        if found is None:
            raise refused(
                f"{name!r} cannot be set on this value, which came from the notebook: "
                "let a function of the notebook set it"
            )
        return found

    def take(value: Any, name: str, item: object) -> None:
        setattr(behind(value, name), name, item)
        vars(value).setdefault(_SET, set()).add(name)

    def drop(value: Any, name: str) -> None:
        delattr(behind(value, name), name)

    def answer(value: Any, name: str) -> Any:
        if name not in vars(value).get(_SET, ()):
            raise AttributeError(
                f"{type(value).__name__!r} object has no attribute {name!r}"
            )
        return getattr(object_of(value), name)

    return {"__setattr__": take, "__delattr__": drop, ANSWERS: answer}
