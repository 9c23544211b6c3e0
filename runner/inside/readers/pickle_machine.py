"""The machine for a pickle's instructions. It imports and calls nothing that a pickle names."""

import codecs
import collections
import struct
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from typing import Any, Final

from runner.inside.readers.parts import (
    Dialect,
    Name,
    Other,
    Pending,
    check_key,
    frozen_set,
)
from runner.inside.readers.unreadable import NotReadError, UnreadableError

_LONGEST_NUMBER: Final = 4096
_SHORT_LINE: Final = 256
_TABLES: Final = frozenset(
    (dict, collections.OrderedDict, collections.Counter, collections.defaultdict)
)
_ENCODINGS: Final = frozenset(("ascii", "latin1", "latin-1", "utf-8", "utf8", "bytes"))
# From this protocol on, names are those of Python 3.
_PYTHON_3: Final = 3
# The only attribute that a dictionary may get: a state dict has it.
_METADATA: Final = "_metadata"


class Machine:
    """The state of one pickle's execution. `at` is the offset of the next instruction."""

    def __init__(self, data: memoryview, dialect: Dialect, at: int = 0) -> None:
        self._data = data
        self.at = at
        self._dialect = dialect
        self._protocol = 0
        self.stack: list[Any] = []
        self._below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    # --- Bytes -----------------------------------------------------------------------

    def take(self, count: int) -> memoryview:
        end = self.at + count
        if end > len(self._data):
            raise UnreadableError("the file is incomplete")
        found = self._data[self.at : end]
        self.at = end
        return found

    def number(self, form: struct.Struct) -> Any:
        return form.unpack(self.take(form.size))[0]

    def line(self) -> bytes:
        size = _SHORT_LINE
        while True:
            part = bytes(self._data[self.at : self.at + size])
            line, end, _ = part.partition(b"\n")
            if end:
                self.at += len(line) + 1
                return line
            if len(part) < size:
                raise UnreadableError("the file is incomplete")
            size *= 2

    def _string(self, raw: bytes) -> str | bytes:
        """Return text that Python 2 has pickled, in the requested encoding, or its bytes."""
        encoding = self._dialect.encoding.lower()
        if encoding not in _ENCODINGS:
            raise NotReadError(f"the encoding {encoding} is not supported")
        return raw if encoding == "bytes" else raw.decode(encoding)

    # --- The stack -------------------------------------------------------------------

    def push(self, value: object) -> None:
        self.stack.append(value)

    def mark(self) -> None:
        self._below.append(self.stack)
        self.stack = []

    def items(self) -> list[Any]:
        """Return the items pushed since the last mark, and remove them."""
        items, self.stack = self.stack, self._below.pop()
        return items

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise UnreadableError("the pickle's instructions do not fit together")
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def get(self, place: int) -> None:
        self.push(self.memo[place])

    def put(self, place: int) -> None:
        value = self.memo[place] = self.stack[-1]
        if isinstance(value, Pending):
            value.places.append(place)

    # --- Numbers and texts -----------------------------------------------------------

    def integer(self, size: int) -> None:
        if size > _LONGEST_NUMBER:
            raise NotReadError(
                f"a whole number has more than {_LONGEST_NUMBER:,} bytes"
            )
        self.push(int.from_bytes(self.take(size), "little", signed=True))

    def integer_line(self) -> None:
        line = self.line()
        truths = {b"00": False, b"01": True}
        self.push(truths[line] if line in truths else int(line))

    def text(self, size: int) -> None:
        self.push(str(self.take(size), "utf-8", "surrogatepass"))

    def string_line(self) -> None:
        line = self.line()
        quote = line[:1]
        if len(line) < 2 or quote not in b"'\"" or line[-1:] != quote:  # noqa: PLR2004 - two quotes
            raise UnreadableError("a text in the pickle has no quotes")
        self.push(self._string(codecs.escape_decode(line[1:-1])[0]))

    def string(self, size: int) -> None:
        self.push(self._string(bytes(self.take(size))))

    # --- Collections -----------------------------------------------------------------

    def append(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) in (list, collections.deque):
            target.extend(items)
        elif not isinstance(target, Other):
            raise UnreadableError(f"Can only append to lists, but got {type(target)}")

    def set_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, Other):
            return
        if type(target) not in _TABLES or len(items) % 2:
            kind = type(target).__name__
            raise UnreadableError(f"the pickle gives invalid items to a {kind}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            check_key(key)
            target[key] = value

    def add(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, Other):
            return
        if type(target) is not set:
            kind = type(target).__name__
            raise UnreadableError(f"the pickle adds items to a {kind}, not to a set")
        for item in items:
            check_key(item)
            target.add(item)

    def table(self) -> None:
        items = self.items()
        self.push({})
        self.set_items(items)

    def frozen(self) -> None:
        self.push(frozen_set(self.items()))

    # --- Names and calls -------------------------------------------------------------

    def name_lines(self) -> None:
        module, name = self.line().decode(), self.line().decode()
        self.push(self._named(module, name))

    def name_on_stack(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise UnreadableError("a name in the pickle is not text")
        self.push(self._named(module, name))

    def _named(self, module: str, name: str) -> object:
        if self._protocol < _PYTHON_3 or self._dialect.maps_always:
            if (module, name) in NAME_MAPPING:
                module, name = NAME_MAPPING[module, name]
            module = IMPORT_MAPPING.get(module, module)
        path = f"{module}.{name}"
        if path in self._dialect.constants:
            return self._dialect.constants[path]
        if self._dialect.knows(path) or self._dialect.others:
            return Name(path)
        raise UnreadableError(
            f"Unsupported global: GLOBAL {path.removeprefix('builtins.')} was not an "
            "allowed global by default."
        )

    def call(self) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        self.push(self._made(called, arguments))

    def call_named(self) -> None:
        named, arguments, called = (self.stack.pop() for _ in range(3))
        if type(named) is not dict:
            raise UnreadableError("named arguments in the pickle are not a dictionary")
        made = self._made(called, arguments) if not named else self._other(called)
        self.push(made)

    def call_with_items(self, called: object, items: list[Any]) -> None:
        self.push(self._made(called, tuple(items)))

    def call_lines(self) -> None:
        module, name = self.line().decode(), self.line().decode()
        self.call_with_items(self._named(module, name), self.items())

    def call_marked(self) -> None:
        called, *items = self.items()
        self.call_with_items(called, items)

    def _made(self, called: object, arguments: object) -> object:
        if type(arguments) is not tuple:
            raise UnreadableError("arguments in the pickle are not a tuple")
        if not isinstance(called, Name) or called.path not in self._dialect.makers:
            return self._other(called)
        if any(isinstance(each, Other) for each in arguments):
            return self._other(called)
        try:
            return self._dialect.makers[called.path](*arguments)
        except NotReadError:
            if self._dialect.others:
                return Other(called.path)
            raise
        except (RuntimeError, ArithmeticError) as error:  # from torch, decimal
            raise UnreadableError(f"{called.path} cannot be made: {error}") from error

    def _other(self, called: object) -> Other:
        if not self._dialect.others or not isinstance(called, Name | Other):
            raise UnreadableError(f"Trying to call reduce for unrecognized {called}")
        return Other(called.path)

    def build(self) -> None:
        state, made = self.stack.pop(), self.stack[-1]
        match made:
            case Other():
                return
            case Pending():
                self._finish(made, state)
            case collections.OrderedDict():
                _give_metadata(made, state)
            case _:
                kind = type(made).__name__
                raise UnreadableError(f"the pickle gives a state to a {kind}")

    def _finish(self, made: Pending, state: object) -> None:
        try:
            finished = made.finish(state)
        except NotReadError:
            if not self._dialect.others:
                raise
            finished = Other("numpy.ndarray")
        self.stack[-1] = finished
        for place in made.places:
            if self.memo.get(place) is made:
                self.memo[place] = finished

    def stored(self) -> None:
        if self._dialect.stored is None:
            raise UnreadableError("the pickle refers to something outside it")
        self.push(self._dialect.stored(self.stack.pop()))

    def protocol(self) -> None:
        (self._protocol,) = self.take(1)

    def skip(self, size: int) -> None:
        self.take(size)


def _give_metadata(table: Any, state: object) -> None:
    """Give a state dict the attribute in which torch keeps the versions of its layers."""
    if type(state) is not dict or not set(state) <= {_METADATA}:
        raise NotReadError("an OrderedDict has attributes of its own")
    metadata = state.get(_METADATA)
    if metadata is not None:
        if type(metadata) not in _TABLES:
            raise UnreadableError("the metadata of a state dict are not a dictionary")
        table._metadata = metadata  # noqa: SLF001 - torch names it so
