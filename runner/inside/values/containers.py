"""Lists, tuples, sets, dictionaries and their relatives of Python's own library.

An object of a subclass is sent as its content: as `list(value)` or `dict(value)`. It is
read once, here, so that the receiver has one answer to everything. A named tuple keeps
the names of its fields, and a `defaultdict` its default.
"""

import collections
import json
import keyword
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NoReturn

from runner.inside.values import own_operators, packed
from runner.inside.values.nodes import (
    CodecError,
    Decode,
    DecoderBase,
    Encode,
    EncoderBase,
    Node,
    RefusedError,
    list_of,
    text_of,
)
from runner.inside.values.value_methods import VALUE_METHODS

_SMALL: Final = 2**63
# At most this many keys of one dictionary may have the same hash: more would cost time
# that grows with the square of their number.
_SAME_HASH: Final = 64
_FIELDS: Final = 256
_NAME: Final = 100
_CLASSES: Final = 256
_OWN: Final = "?"
_FACTORIES: Final[Mapping[str, Callable[[], object]]] = {
    factory.__name__: factory
    for factory in (
        *(bool, int, float, complex, str, bytes, bytearray),
        *(list, tuple, dict, set, frozenset),
    )
}
_FACTORY_NAMES: Final = {factory: name for name, factory in _FACTORIES.items()}
_named_tuples: Final[dict[tuple[str, ...], Callable[[list[Any]], Any]]] = {}


# --- Sequences and sets ----------------------------------------------------------


def _sequence(kind: str, plain: Any) -> Encode:
    def encode(encoder: EncoderBase, value: Any, depth: int) -> Node:
        items = value if type(value) is plain else plain(value)
        return packed.many_of(encoder, kind, items, depth)

    return encode


def _set(kind: str, plain: Any) -> Encode:
    def encode(encoder: EncoderBase, value: Any, depth: int) -> Node:
        items = value if type(value) is plain else plain(value)
        node = packed.keys_of(encoder, kind, items, depth)
        _check_distinct(items, node.get("v", ()))
        return node

    return encode


def _deque(encoder: EncoderBase, value: Any, depth: int) -> Node:
    node = packed.many_of(encoder, "deque", list(value), depth)
    return {**node, "m": value.maxlen}


def _decode_sequence(plain: type) -> Decode:
    return lambda decoder, node, depth: plain(packed.items_of(decoder, node, depth))


def _decode_set(plain: type) -> Decode:
    def decode(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
        items = packed.items_of(decoder, node, depth)
        packed.check_number(items)
        check_hashes(items)
        found = plain(items)
        if len(found) != len(items):
            raise CodecError("an item that occurs twice")
        return found

    return decode


def _decode_deque(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    longest = node["m"]
    if longest is not None and (type(longest) is not int or not 0 <= longest < _SMALL):
        raise CodecError("an invalid length")
    return collections.deque(packed.items_of(decoder, node, depth), longest)


# --- Dictionaries ----------------------------------------------------------------


def mapping(kind: str, plain: Any) -> Encode:
    """Return the encoder of dictionaries of that kind, whose class is `plain`."""

    def encode(encoder: EncoderBase, value: Any, depth: int) -> Node:
        items = value if type(value) is plain else dict(value)
        columns = packed.packed_pairs(encoder, items)
        if columns is not None:
            return {"k": kind, "c": columns}
        pairs = [
            [encoder.encode(key, depth + 1), encoder.encode(item, depth + 1)]
            for key, item in items.items()
        ]
        _check_distinct(items, [key for key, _ in pairs])
        return {"k": kind, "v": pairs}

    return encode


def _default_dict(encoder: EncoderBase, value: Any, depth: int) -> Node:
    node = mapping("defaultdict", collections.defaultdict)(encoder, value, depth)
    factory = value.default_factory
    is_known = isinstance(factory, type) and factory in _FACTORY_NAMES
    name = _FACTORY_NAMES[factory] if is_known else _OWN
    return {**node, "f": None if factory is None else name}


def _check_distinct(keys: Iterable[Any], nodes: list[Node]) -> None:
    """Refuse keys of other classes that are equal once they are plain values."""
    if all(type(key).__module__ == "builtins" for key in keys):
        return
    texts = {json.dumps(node, sort_keys=True) for node in nodes}
    if len(texts) < len(nodes):
        raise RefusedError(
            "keys of a class of the notebook's cannot be sent if they are equal as plain "
            "values: use plain keys"
        )


def pairs(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> dict[Any, Any]:
    """Return the items of a dictionary's node. Raises CodecError for invalid keys."""
    items = packed.pairs_of(decoder, node, depth)
    check_hashes([key for key, _ in items])
    found = dict(items)
    if len(found) != len(items):
        raise CodecError("a key that occurs twice")
    return found


def check_hashes(keys: list[Any]) -> None:
    """Raise CodecError if more keys have the same hash than chance could make."""
    if len(keys) <= _SAME_HASH:
        return
    times = collections.Counter(map(hash, keys))
    if max(times.values()) > _SAME_HASH:
        raise CodecError("too many keys with the same hash")


def _decode_counter(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    counter: collections.Counter[Any] = collections.Counter()
    dict.update(counter, pairs(decoder, node, depth))
    return counter


def _decode_default(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    name = node["f"]
    factory: Callable[[], object] | None = None
    if name is not None:
        factory = _own_default if name == _OWN else _FACTORIES[text_of(node, "f")]
    return collections.defaultdict(factory, pairs(decoder, node, depth))


def _own_default() -> NoReturn:
    """Refuse a default that is a function, which is not sent."""
    raise own_operators.refused(
        "the key is missing, and the default of this defaultdict is a function of its "
        "own: only defaults such as int and list can be sent"
    )


# --- Tuples with names -------------------------------------------------------------


def encode_tuple(encoder: EncoderBase, value: Any, depth: int) -> Node:
    """Return the node of a tuple's subclass, or None if its names would be lost."""
    kind = type(value)
    fields = getattr(kind, "_fields", None)
    if fields is None and hasattr(kind, "n_sequence_fields"):
        # A class of Python's own, such as time.struct_time; some have items without a name.
        fields = kind.__match_args__[: kind.n_sequence_fields]
        if len(fields) != kind.n_sequence_fields:
            return None
    if fields is None:
        return encoder.many("tuple", tuple(value), depth)
    items = tuple(tuple.__iter__(value))
    if (
        not _are_fields(fields)
        or len(fields) != len(items)
        or has_value_methods(fields, items)
    ):
        return None
    if kind is time.struct_time:
        zone = [value.tm_zone, value.tm_gmtoff]
        return encoder.many("struct_time", [*items, *zone], depth)
    name = kind.__name__[:_NAME]
    name = name if _is_name(name) else "namedtuple"
    return {**encoder.many("namedtuple", items, depth), "n": name, "f": list(fields)}


def _are_fields(fields: Any) -> bool:
    """Return whether these are names that a named tuple may have."""
    return (
        isinstance(fields, tuple)
        and len(fields) <= _FIELDS
        and all(
            isinstance(name, str)
            and len(name) <= _NAME
            and (name == f"_{place}" or (_is_name(name) and name[0] != "_"))
            for place, name in enumerate(fields)
        )
        and len(set(fields)) == len(fields)
    )


def _is_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _decode_named(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    name, fields = text_of(node, "n"), tuple(list_of(node, "f"))
    if not _are_fields(fields) or len(name) > _NAME or not _is_name(name):
        raise CodecError("invalid names of a named tuple")
    items = decoder.many(node, depth)
    if len(items) != len(fields) or has_value_methods(fields, items):
        raise CodecError("invalid items of a named tuple")
    return _class_of(name, fields)(items)


def _decode_time(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    return time.struct_time(decoder.many(node, depth))


def has_value_methods(fields: Sequence[str], items: Sequence[object]) -> bool:
    """Return whether `found.difference(expected)` would call an item of the tuple."""
    return any(
        name in VALUE_METHODS and callable(item)
        for name, item in zip(fields, items, strict=True)
    )


def forget_named_tuples() -> None:
    """Forget the classes of named tuples, whose number is limited, for another question."""
    _named_tuples.clear()


def _class_of(name: str, fields: tuple[str, ...]) -> Callable[[list[Any]], Any]:
    """Return the function that makes named tuples of this class, which is made once."""
    make = _named_tuples.get((name, *fields))
    if make is None:
        if len(_named_tuples) >= _CLASSES:
            raise RefusedError(
                f"more than {_CLASSES} classes of named tuples cannot be sent"
            )
        # Python itself gives names like _0 to fields without one.
        kind: Any = collections.namedtuple(name, fields, rename=True)  # type: ignore[misc]
        make = _named_tuples[(name, *fields)] = kind._make
    return make


ENCODERS: Final[Mapping[type, Encode]] = {
    list: _sequence("list", list),
    tuple: _sequence("tuple", tuple),
    set: _set("set", set),
    frozenset: _set("frozenset", frozenset),
    dict: mapping("dict", dict),
    collections.OrderedDict: mapping("OrderedDict", collections.OrderedDict),
    collections.Counter: mapping("Counter", collections.Counter),
    collections.defaultdict: _default_dict,
    collections.deque: _deque,
}
# Subclasses; each class stands before its own base classes.
BASES: Final[tuple[tuple[type, Encode], ...]] = (
    (collections.OrderedDict, ENCODERS[collections.OrderedDict]),
    (collections.Counter, ENCODERS[collections.Counter]),
    (collections.defaultdict, _default_dict),
    (collections.deque, _deque),
    (dict, ENCODERS[dict]),
    (list, ENCODERS[list]),
    (tuple, encode_tuple),
    (set, ENCODERS[set]),
    (frozenset, ENCODERS[frozenset]),
)
DECODERS: Final[Mapping[str, Decode]] = {
    "list": _decode_sequence(list),
    "tuple": _decode_sequence(tuple),
    "set": _decode_set(set),
    "frozenset": _decode_set(frozenset),
    "deque": _decode_deque,
    "dict": pairs,
    "OrderedDict": lambda decoder, node, depth: collections.OrderedDict(
        pairs(decoder, node, depth)
    ),
    "Counter": _decode_counter,
    "defaultdict": _decode_default,
    "namedtuple": _decode_named,
    "struct_time": _decode_time,
}
