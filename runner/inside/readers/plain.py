"""Python's own collections and values, made from their description in a pickle."""

import collections
import datetime as dt
import decimal
import fractions
from collections.abc import Callable, Mapping
from typing import Any, Final

from runner.inside.readers.parts import Maker, Name, check_key, frozen_set
from runner.inside.readers.unreadable import NotReadError, UnreadableError

_LONGEST: Final = 1000
_LATIN: Final = frozenset(("latin1", "latin-1"))
# The classes that a default dictionary may call for a missing key.
_DEFAULTS: Final[Mapping[str, Callable[[], object]]] = {
    **{f"builtins.{kind.__name__}": kind for kind in (int, float, bool, str, list)},
    **{f"builtins.{kind.__name__}": kind for kind in (dict, set, tuple, complex)},
    "collections.OrderedDict": collections.OrderedDict,
    "collections.Counter": collections.Counter,
    "collections.deque": collections.deque,
}


def _need(condition: bool, what: str) -> None:  # noqa: FBT001 - what is asked
    if not condition:
        raise UnreadableError(f"the pickle has invalid arguments for a {what}")


def _ordered(items: object = ()) -> Any:
    _need(type(items) in (list, tuple), "dictionary")
    made: Any = collections.OrderedDict()
    for pair in items:  # type: ignore[attr-defined]  # one of those
        _need(type(pair) in (list, tuple) and len(pair) == 2, "dictionary")  # noqa: PLR2004 - key and value
        check_key(pair[0])
        made[pair[0]] = pair[1]
    return made


def _counter(counts: Any = None) -> Any:
    made: Any = collections.Counter()
    if counts is not None:
        _need(type(counts) is dict, "counter")
        dict.update(made, counts)
    return made


def _default(factory: object = None) -> Any:
    if factory is None:
        return collections.defaultdict(None)
    if not isinstance(factory, Name) or factory.path not in _DEFAULTS:
        raise NotReadError("a defaultdict has a function of its own as its default")
    return collections.defaultdict(_DEFAULTS[factory.path])


def _deque(items: Any = (), longest: Any = None) -> Any:
    _need(type(items) in (list, tuple), "deque")
    _need(longest is None or type(longest) is int, "deque")
    return collections.deque(items, longest)


def _set(items: Any = ()) -> Any:
    _need(type(items) in (list, tuple), "set")
    return set(frozen_set(list(items)))


def _frozen(items: Any = ()) -> Any:
    _need(type(items) in (list, tuple), "set")
    return frozen_set(list(items))


def _encoded(text: Any, encoding: Any) -> bytes:
    _need(type(text) is str and encoding in _LATIN, "text")
    return bytes(text, "latin1")


def _bytes(content: Any = b"") -> bytes:
    _need(type(content) in (bytes, bytearray), "bytes object")
    return bytes(content)


def _byte_array(content: Any = b"", encoding: Any = None) -> bytearray:
    if type(content) is str:
        return bytearray(_encoded(content, encoding))
    return bytearray(_bytes(content))


def _numbers(make: Maker, *kinds: type) -> Maker:
    """Return the maker with a check that all arguments are of these kinds."""

    def made(*arguments: Any) -> object:
        _need(all(type(each) in kinds for each in arguments), "number")
        return make(*arguments)

    return made


def _decimal(text: Any) -> decimal.Decimal:
    _need(type(text) is str and len(text) <= _LONGEST, "number")
    return decimal.Decimal(text)


def _moment(make: Callable[..., object], *more: type) -> Maker:
    """Return a maker of a date or time from the bytes that Python pickles."""

    def made(content: Any, *rest: Any) -> object:
        _need(type(content) is bytes and all(type(e) in more for e in rest), "time")
        return make(content, *rest)

    return made


def _zone(span: Any = None, *name: Any) -> object:
    if span is None:
        return dt.UTC
    _need(type(span) is dt.timedelta and all(type(e) is str for e in name), "time zone")
    return dt.timezone(span, *name)


# The functions that torch.load allows with weights_only, too.
WITH_WEIGHTS: Final[Mapping[str, Maker]] = {
    "collections.OrderedDict": _ordered,
    "collections.Counter": _counter,
    "_codecs.encode": _encoded,
    "builtins.bytearray": _byte_array,
    "builtins.set": _set,
    "builtins.complex": _numbers(complex, int, float),
}
MAKERS: Final[Mapping[str, Maker]] = {
    **WITH_WEIGHTS,
    "collections.defaultdict": _default,
    "collections.deque": _deque,
    "builtins.frozenset": _frozen,
    "builtins.bytes": _bytes,
    "builtins.range": _numbers(range, int),
    "builtins.slice": _numbers(slice, int, type(None)),
    "decimal.Decimal": _decimal,
    "fractions.Fraction": _numbers(fractions.Fraction, int),
    "datetime.date": _moment(dt.date),
    "datetime.time": _moment(dt.time, dt.timezone),
    "datetime.datetime": _moment(dt.datetime, dt.timezone),
    "datetime.timedelta": _numbers(dt.timedelta, int),
    "datetime.timezone": _zone,
}
ARGUMENTS: Final = frozenset(_DEFAULTS)
