"""Find out which objects a pickle of weights would make, from its instructions alone.

Nothing is executed. It is followed as torch.load does with weights_only: what torch
refuses is refused here, by the same list of names. See
torch/_weights_only_unpickler.py.
"""

import contextlib
import pickletools
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from runner.protocol.weights_only import MAX_INSTRUCTIONS, REBUILDING, TAKEN

# A storage's persistent id: "storage", its class, its key, its location, its length.
_LOCATION_PLACE: Final = 3
_MOVED: Final = "torch._utils._rebuild_device_tensor_from_"
_DEVICE_PLACE: Final = 2
# The longest part of a name that is shown. An instruction of one byte may name two
# texts that take up the whole file.
_MAX_TEXT: Final = 200
_TABLES: Final = frozenset({"collections.OrderedDict", "collections.Counter"})


@dataclass(frozen=True)
class _Global:
    name: str


@dataclass(frozen=True)
class _Made:
    """The result of calling a global."""

    is_tensor: bool


@dataclass(eq=False)
class Table:
    """A dictionary, with those of its keys whose values are tensors."""

    names: dict[str, None] = field(default_factory=dict)


@dataclass(eq=False)
class _List:
    """A list. Its items do not matter."""


@dataclass(kw_only=True)
class Contents:
    """The objects that a pickle would make.

    `refusal` is the instruction or object at which torch.load would stop, or "".
    `globals` are all names that the pickle asks for. `locations` are the devices on
    which its tensors were.
    """

    globals: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    locations: list[str] = field(default_factory=list)
    protocol: int = 0
    refusal: str = ""


class _RefusedError(Exception):
    pass


def read_pickle(pickled: bytes) -> Contents:
    """Return the objects that the pickle would make.

    Raises ValueError if it is no pickle, and OverflowError if it is too long.
    """
    contents = Contents(globals=list(dict.fromkeys(_globals(pickled))))
    if all(name in TAKEN for name in contents.globals):
        try:
            _Follower(contents).follow(pickled)
        except _RefusedError as refused:
            contents.refusal = str(refused)
        except (LookupError, TypeError) as error:
            raise ValueError("instructions that do not fit together") from error
    return contents


def read_locations(pickled: bytes) -> list[str]:
    """Return the devices on which the tensors were, whatever else the pickle holds."""
    contents = Contents()
    faults = (_RefusedError, LookupError, TypeError, ValueError, OverflowError)
    with contextlib.suppress(*faults):
        _Follower(contents).follow(pickled)
    return contents.locations


def _globals(pickled: bytes) -> Iterator[str]:
    texts = ["?", "?"]
    for number, (instruction, argument, _) in enumerate(pickletools.genops(pickled)):
        if number > MAX_INSTRUCTIONS:
            raise OverflowError
        if instruction.name in {"GLOBAL", "INST"}:
            yield _named(str(argument))
        elif instruction.name == "STACK_GLOBAL":
            yield f"{texts[-2]}.{texts[-1]}"
        elif instruction.name.startswith("EXT"):
            yield "copyreg.extension"
        elif isinstance(argument, str):
            texts = [texts[-1], argument[:_MAX_TEXT]]


def _named(argument: str) -> str:
    """Return module.name with the names of Python 3."""
    module, _, name = argument.partition(" ")
    if (module, name) in NAME_MAPPING:
        module, name = NAME_MAPPING[module, name]
    return f"{IMPORT_MAPPING.get(module, module)}.{name}"


class _Follower:
    """Follows the instructions that torch knows, and raises _RefusedError at others."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._stack: list[object] = []
        self._below: list[list[object]] = []
        self._memo: dict[object, object] = {}
        self._seen: set[str] = set()

    def follow(self, pickled: bytes) -> None:
        """Note the objects that the pickle would make."""
        instructions = enumerate(pickletools.genops(pickled))
        for number, (instruction, argument, _) in instructions:
            name = instruction.name
            if number > MAX_INSTRUCTIONS:
                raise OverflowError
            if name in _CONSTANTS:
                self._stack.append(_CONSTANTS[name])
            elif name in _VALUES:
                self._stack.append(argument)
            elif name in _DO:
                _DO[name](self, argument)
            else:
                raise _RefusedError(f"the instruction {name}")

    def protocol(self, argument: object) -> None:
        self._contents.protocol = argument if isinstance(argument, int) else 0

    def stop(self, _: object) -> None:
        self._stack.pop()

    def global_(self, argument: object) -> None:
        self._stack.append(_Global(_named(str(argument))))

    def empty_dict(self, _: object) -> None:
        self._stack.append(self._table())

    def empty_list(self, _: object) -> None:
        self._stack.append(_List())

    def mark(self, _: object) -> None:
        self._below.append(self._stack)
        self._stack = []

    def get(self, argument: object) -> None:
        self._stack.append(self._memo[argument])

    def put(self, argument: object) -> None:
        self._memo[argument] = self._stack[-1]

    def tuple_(self, _: object) -> None:
        items = self._pop_mark()
        self._stack.append(tuple(items))

    def tuple_1(self, _: object) -> None:
        self._stack[-1:] = [(self._stack[-1],)]

    def tuple_2(self, _: object) -> None:
        self._stack[-2:] = [(self._stack[-2], self._stack[-1])]

    def tuple_3(self, _: object) -> None:
        self._stack[-3:] = [(self._stack[-3], self._stack[-2], self._stack[-1])]

    def append(self, _: object) -> None:
        self._stack.pop()
        self._need_list()

    def appends(self, _: object) -> None:
        self._pop_mark()
        self._need_list()

    def set_item(self, _: object) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._set([key, value])

    def set_items(self, _: object) -> None:
        self._set(self._pop_mark())

    def storage(self, _: object) -> None:
        pid = self._stack.pop()
        if not isinstance(pid, tuple | int):
            raise _RefusedError("an unusual storage")
        if isinstance(pid, tuple) and len(pid) > _LOCATION_PLACE:
            self._note_location(pid[_LOCATION_PLACE])
        self._stack.append(_Made(is_tensor=True))

    def call(self, _: object) -> None:
        arguments, called = self._stack.pop(), self._stack[-1]
        if not isinstance(called, _Global):
            raise _RefusedError("a call of something unusual")
        if called.name in _TABLES:
            self._stack[-1] = self._table()
            return
        if called.name.startswith(_MOVED) and isinstance(arguments, tuple):
            self._note_location(arguments[_DEVICE_PLACE])
        self._stack[-1] = _Made(is_tensor=called.name in REBUILDING)

    def new(self, _: object) -> None:
        self._stack.pop()
        called = self._stack.pop()
        if not isinstance(called, _Global):
            raise _RefusedError("an object of something unusual")
        is_tensor = called.name == "torch.nn.parameter.Parameter"
        made = self._table() if called.name in _TABLES else _Made(is_tensor)
        self._stack.append(made)

    def build(self, _: object) -> None:
        self._stack.pop()
        if not isinstance(self._stack[-1], _Made | Table):
            raise _RefusedError("an object of something unusual")

    def _table(self) -> Table:
        table = Table()
        self._contents.tables.append(table)
        return table

    def _set(self, items: list[object]) -> None:
        table = self._stack[-1]
        if not isinstance(table, Table):
            raise _RefusedError("items of something that is not a dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if isinstance(key, str) and isinstance(value, _Made) and value.is_tensor:
                table.names[key] = None

    def _need_list(self) -> None:
        if not isinstance(self._stack[-1], _List):
            raise _RefusedError("items of something that is not a list")

    def _pop_mark(self) -> list[object]:
        items, self._stack = self._stack, self._below.pop()
        return items

    def _note_location(self, location: object) -> None:
        if isinstance(location, str) and location not in self._seen:
            self._seen.add(location)
            self._contents.locations.append(location)


_CONSTANTS: Final[Mapping[str, object]] = {
    "NONE": None,
    "NEWTRUE": True,
    "NEWFALSE": False,
    "EMPTY_TUPLE": (),
    "EMPTY_SET": _Made(is_tensor=False),
}
_VALUES: Final = frozenset(
    {
        "BININT",
        "BININT1",
        "BININT2",
        "BINFLOAT",
        "BINUNICODE",
        "SHORT_BINSTRING",
        "LONG1",
    }
)
_DO: Final[Mapping[str, Callable[[_Follower, object], None]]] = {
    "PROTO": _Follower.protocol,
    "STOP": _Follower.stop,
    "GLOBAL": _Follower.global_,
    "EMPTY_DICT": _Follower.empty_dict,
    "EMPTY_LIST": _Follower.empty_list,
    "MARK": _Follower.mark,
    "BINGET": _Follower.get,
    "LONG_BINGET": _Follower.get,
    "BINPUT": _Follower.put,
    "LONG_BINPUT": _Follower.put,
    "TUPLE": _Follower.tuple_,
    "TUPLE1": _Follower.tuple_1,
    "TUPLE2": _Follower.tuple_2,
    "TUPLE3": _Follower.tuple_3,
    "APPEND": _Follower.append,
    "APPENDS": _Follower.appends,
    "SETITEM": _Follower.set_item,
    "SETITEMS": _Follower.set_items,
    "BINPERSID": _Follower.storage,
    "REDUCE": _Follower.call,
    "NEWOBJ": _Follower.new,
    "BUILD": _Follower.build,
}
