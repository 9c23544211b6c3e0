"""Members of the notebook's enumerations that are numbers or texts, as a test holds them.

Such a member is a value: it is compared, added and formatted here. It is also an object:
the same one each time, of its class, with a name; and it is sent back as that object.
"""

import enum
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple, NoReturn

from runner.inside.grader.answers import NotDataError
from runner.inside.grader.handle_parts import (
    is_handle,
    label_of,
    number_of,
    student_of,
)
from runner.inside.grader.library_errors import is_imitated
from runner.inside.grader.told_classes import class_at, place_of
from runner.inside.values.nodes import CodecError
from runner.inside.values.value_methods import REDEFINABLE

_TEXT: Final = 1000
_NAME: Final = 100
_SMALL: Final = 2**63
# The classes of Python's own from which a member's class may derive. Those that are
# classes of numbers or texts, too, cannot stand among the bases of another such class.
_ENUMS: Final = {place_of(one): one for one in (enum.Flag, enum.ReprEnum, enum.Enum)}


class _MemberType(type):
    """The metaclass of members' classes here, which equal the student's own classes."""

    def mro(cls) -> list[type]:
        """Return the bases, and those of enumerations of which the snapshot has told."""
        *own, last = super().mro()
        return [*own, *cls.__dict__["_enums"], last]

    def __eq__(cls, other: object) -> bool:
        return cls is other or (is_handle(other) and vars(cls)["_of_objects"] == other)

    __hash__ = type.__hash__


class _Told(NamedTuple):
    """The snapshot's description of a member.

    `says` tells which text `str` gives: "value" for that of the value, "name" for
    `Class.NAME`, "own" for one of its own. `is_shown` says that its `repr` is the usual
    one. `anew` are the methods of numbers or texts that its class has in its own way.
    """

    value: int | str
    name: str | None
    says: str
    is_shown: bool
    anew: tuple[str, ...]


class Member:
    """What a member gets from its object, beside its value. The first description stays."""

    __slots__ = ()

    @property
    def name(self) -> str | None:
        return _told(self).name

    @property
    def value(self) -> int | str:
        return _told(self).value

    def __getattr__(self, name: str) -> Any:
        """Ask the object for names that classes of the staff's own notebook define.

        SECURITY: it asks for no others, and for none if the staff's notebook has no class
        of its name. A number with a shape would give two answers.
        """
        handle, is_known = object_of(self), vars(type(self))["_is_known"]
        if (
            name.startswith("_")
            or not is_known
            or name not in student_of(handle).methods
        ):
            raise AttributeError(name)
        return getattr(handle, name)

    def __repr__(self) -> str:
        if not _told(self).is_shown:
            return repr(object_of(self))
        return f"<{type(self).__name__}.{self.name}: {self.value!r}>"

    def __str__(self) -> str:
        says = _told(self).says
        if says == "own":
            return str(object_of(self))
        return (
            f"{type(self).__name__}.{self.name}" if says == "name" else f"{self.value}"
        )

    def __format__(self, form: str) -> str:
        is_value = _told(self).says == "value"
        return format(self.value if is_value else str(self), form)

    def __reduce_ex__(self, _protocol: object) -> Any:
        """Return only the value for a worker, which asks no object."""
        return type(self.value), (self.value,)

    def __copy__(self) -> "Member":
        return self

    def __deepcopy__(self, _memo: object) -> "Member":
        return self


def _told(member: Member) -> _Told:
    told: _Told = vars(member)["_told"]
    return told


def object_of(member: Member) -> Any:
    """Return the handle to the member's object."""
    return vars(member)["_object"]


def handle_behind_member(value: object) -> object:
    """Return the handle to a member's object, or any other value itself."""
    return object_of(value) if issubclass(type(value), Member) else value  # type: ignore[arg-type]


class Members:
    """The members that are known in one check."""

    def __init__(self) -> None:
        self._members: dict[int, Member] = {}
        self._kinds: dict[tuple[object, ...], type] = {}

    def forget(self) -> None:
        """Forget the members, before another check."""
        self._members.clear()
        self._kinds.clear()

    def find(
        self,
        node: Mapping[str, Any],
        classes: Collection[str],
        resolve: Callable[[Mapping[str, Any]], object],
    ) -> object:
        """Return a member. One of a library's enumeration is that of this process.

        Raises CodecError for an invalid node.

        SECURITY: its value is sent once. Its texts can hold no other value: they are
        the value's, made from names, or marked as the object's.
        """
        try:
            told, is_known = _read(node, classes)
        except (AttributeError, KeyError, TypeError) as error:
            raise CodecError(
                "the student's process sent an invalid member of an enumeration"
            ) from error
        same = _of_library(node["o"].get("bases"), told)
        if same is not None:
            return same
        handle: Any = resolve(node["o"])
        known = self._members.get(number_of(handle))
        if known is None:
            bases = tuple(node["o"]["bases"])
            enums = tuple(_ENUMS[one] for one in bases if one in _ENUMS)
            key = type(told.value), type(handle), told.anew, enums, is_known
            kind = self._kinds.get(key) or self._kinds.setdefault(key, _kind(*key))
            known = kind(told.value)
            vars(known).update(_told=told, _object=handle)
            self._members[number_of(handle)] = known
        if _told(known) != told:
            raise CodecError(
                "the student's process sent two values for one member of an enumeration"
            )
        return known


def _kind(
    base: type,
    kind: type,
    anew: tuple[str, ...],
    enums: tuple[type, ...],
    is_known: bool,  # noqa: FBT001 - a part of a key
) -> Any:
    body: dict[str, Any] = {name: _of_its_own(name) for name in anew}
    body |= {"_of_objects": kind, "_enums": enums, "_is_known": is_known}
    # Python drops the hash beside an `__eq__`.
    body |= {"__module__": __name__, "__hash__": base.__hash__}
    return _MemberType(kind.__name__, (Member, base), body)


def _of_library(bases: object, told: _Told) -> object:
    """Return the member if its class is an imported library's, or None."""
    place = bases[0] if isinstance(bases, list) and bases else None
    kind = class_at(place) if isinstance(place, str) else None
    if kind is None or not issubclass(kind, enum.Enum) or told.name is None:
        return None
    if not is_imitated(kind.__module__):
        return None
    found = kind.__members__.get(told.name)
    if found is None or type(found.value) is not type(told.value):
        return None
    return found if found.value == told.value else None


def _of_its_own(name: str) -> object:
    """Return what stands for a method that the member's class has in its own way.

    The value's method would answer another question. With the object's own operators
    the student's code would mark itself, so operators are refused. Other methods are
    the object's where the staff's own notebook defines them.
    """

    def refuse(member: Member, *_: object) -> NoReturn:
        raise NotDataError(
            f"{label_of(object_of(member))} defines {name!r} in its own way, and tests do "
            "not use that. Compare its `value` or `name`, or let a function of the "
            "notebook compare or calculate"
        )

    def method(member: Member) -> Any:
        handle = object_of(member)
        if name not in student_of(handle).methods:
            refuse(member)
        return getattr(handle, name)

    return refuse if name.startswith("__") else property(method)


def _read(node: Mapping[str, Any], classes: Collection[str]) -> tuple[_Told, bool]:
    """Return a member's description, and whether the staff's notebook has its class."""
    told = _Told(node["v"], node["n"], node["s"], node["r"], tuple(node["w"]))
    is_value = (type(told.value) is int and -_SMALL < told.value < _SMALL) or (
        type(told.value) is str and len(told.value) <= _TEXT
    )
    is_name = told.name is None or (
        len(told.name) <= _NAME and told.name.isidentifier()
    )
    is_said = told.says in ("value", "name", "own") and type(told.is_shown) is bool
    is_method = all(name in REDEFINABLE.get(type(told.value), ()) for name in told.anew)
    is_all = is_value and is_name and is_said and is_method
    if not (is_all and node["o"]["k"] == "handle"):
        raise CodecError(
            "the student's process sent an invalid member of an enumeration"
        )
    return told, node["o"]["kind"] in classes
