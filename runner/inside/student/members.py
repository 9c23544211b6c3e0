"""Members of enumerations that are numbers or texts: `class Action(IntEnum)`.

Such a member is sent both as its value and as an object.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final

from runner.inside.values import own_classes, own_operators
from runner.inside.values.codec import Encoder, Node, kind_of
from runner.inside.values.value_methods import REDEFINABLE

_SMALL: Final = 2**63
_TEXT: Final = 1000
_NAME: Final = 100


class SentValues(Encoder):
    """An encoder of answers to a grader, which sends such members as values and objects."""

    def __init__(
        self,
        refer: Callable[[object, Encoder], Node],
        number_of: Callable[[type], int],
        **most: int,
    ) -> None:
        super().__init__(refer, **most)
        self._number_of = number_of
        self._own: dict[type, dict[str, Any]] = {}
        self.packs_tensors = True
        self.is_answer = True

    def of_own_class(self, kind: type) -> dict[str, Any]:
        """Return the class's number and those of its bases, and what it has anew."""
        if kind not in self._own:
            anew = own_operators.redefined(kind)
            numbers = [self._number_of(one) for one in own_operators.own_bases(kind)]
            told = {"anew": anew} if anew else {}
            self._own[kind] = told | own_classes.told(numbers, kind)
        return self._own[kind]

    def member(self, value: Enum) -> Node:
        """Return the node of a member, or None if it differs from its value."""
        plain = value._value_
        name = value._name_ if _is_name(value._name_) else None
        if not _is_value(plain, value):
            return None
        kind = kind_of(value)
        node = {"k": "member", "v": plain, "n": name, "o": self._refer(value, self)}
        texts = {str(plain): "value", f"{kind}.{name}": "name"}
        node["s"] = texts.get(_said(str, value), "own")
        node["r"] = _said(repr, value) == f"<{kind}.{name}: {plain!r}>"
        node["w"] = _defined_anew(type(value), type(plain))
        return node


def _is_name(name: object) -> bool:
    return isinstance(name, str) and len(name) <= _NAME and name.isidentifier()


def _defined_anew(kind: type, base: type) -> list[str]:
    """Return what numbers or texts have, and the member's class has in its own way."""
    found = {
        name
        for one in kind.__mro__
        if one.__module__ not in {"builtins", "enum"}
        for name, value in vars(one).items()
        if getattr(value, "__module__", None) != "enum"
    }
    return sorted(found & REDEFINABLE[base])


def _is_value(plain: Any, member: Any) -> bool:
    if type(plain) is int and isinstance(member, int):
        return int.__index__(member) == plain and abs(plain) < _SMALL
    if type(plain) is str and isinstance(member, str):
        return str.__str__(member) == plain and len(plain) <= _TEXT
    return False


def _said(ask: Callable[[object], str], value: object) -> str:
    try:
        return ask(value)
    except Exception:  # noqa: BLE001 - whatever a student's class raises
        return ""
