"""Pickles, read as lists of instructions. Nothing that they name is imported or called.

A function that a pickle calls is looked up in a closed table of functions of our own,
which make data from plain arguments. A name outside the table ends the reading or, if
the dialect allows it, leaves a hole: an `Other`, for an object of another class.
"""

import struct
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from runner.inside.readers.parts import Dialect
from runner.inside.readers.pickle_machine import Machine
from runner.inside.readers.unreadable import NotReadError, UnreadableError
from runner.protocol.weights_only import MAX_INSTRUCTIONS

Do = Callable[[Machine], object]


def read(data: memoryview, dialect: Dialect, at: int = 0) -> tuple[Any, int]:
    """Return the value of the pickle at the offset, and the offset of its end.

    Raises UnreadableError.
    """
    machine = Machine(data, dialect, at)
    try:
        return _run(machine, dialect.instructions), machine.at
    except UnreadableError:
        raise
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise UnreadableError(
            "the pickle's instructions do not fit together"
        ) from error


def _run(machine: Machine, taken: Collection[int] | None) -> Any:
    for _ in range(MAX_INSTRUCTIONS):
        (code,) = machine.take(1)
        if code == _STOP:
            return machine.stack.pop()
        if code not in _DO or not (taken is None or code in taken):
            raise UnreadableError(f"Unsupported operand {code}")
        _DO[code](machine)
    raise NotReadError(f"the pickle has more than {MAX_INSTRUCTIONS:,} instructions")


_U1, _U2, _U4, _U8 = (struct.Struct(f"<{each}") for each in "BHIQ")
_I4: Final = struct.Struct("<i")
_F8: Final = struct.Struct(">d")
_STOP: Final = ord(".")


def _sized(form: struct.Struct, do: Callable[[Machine, int], object]) -> Any:
    return lambda machine: do(machine, machine.number(form))


def _pushes(value: object) -> Any:
    return lambda machine: machine.push(value)


def _makes(make: Callable[[], object]) -> Any:
    return lambda machine: machine.push(make())


def _takes(make: Callable[[memoryview], object]) -> Callable[[Machine, int], object]:
    return lambda machine, size: machine.push(make(machine.take(size)))


def _one(do: Callable[[Machine, list[Any]], object]) -> Any:
    return lambda machine: do(machine, [machine.stack.pop()])


def _many(do: Callable[[Machine, list[Any]], object]) -> Any:
    return lambda machine: do(machine, machine.items())


def _pair(machine: Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    machine.set_items([key, value])


def _place(do: Callable[[Machine, int], object]) -> Any:
    return lambda machine: do(machine, int(machine.line()))


_BY_CODE: Final[tuple[tuple[str | int, Do], ...]] = (
    ("(", Machine.mark),
    ("0", lambda machine: machine.stack.pop()),
    ("1", Machine.items),
    ("2", lambda machine: machine.push(machine.stack[-1])),
    ("N", _pushes(None)),
    (0x88, _pushes(value=True)),
    (0x89, _pushes(value=False)),
    ("I", Machine.integer_line),
    ("L", lambda machine: machine.push(int(machine.line().rstrip(b"L")))),
    ("J", _sized(_I4, Machine.push)),
    ("K", _sized(_U1, Machine.push)),
    ("M", _sized(_U2, Machine.push)),
    (0x8A, _sized(_U1, Machine.integer)),
    (0x8B, _sized(_U4, Machine.integer)),
    ("F", lambda machine: machine.push(float(machine.line()))),
    ("G", _sized(_F8, Machine.push)),
    ("S", Machine.string_line),
    ("T", _sized(_U4, Machine.string)),
    ("U", _sized(_U1, Machine.string)),
    ("V", lambda machine: machine.push(str(machine.line(), "raw-unicode-escape"))),
    ("X", _sized(_U4, Machine.text)),
    (0x8C, _sized(_U1, Machine.text)),
    (0x8D, _sized(_U8, Machine.text)),
    ("C", _sized(_U1, _takes(bytes))),
    ("B", _sized(_U4, _takes(bytes))),
    (0x8E, _sized(_U8, _takes(bytes))),
    (0x96, _sized(_U8, _takes(bytearray))),
    (")", _pushes(())),
    ("t", lambda machine: machine.push(tuple(machine.items()))),
    (0x85, lambda machine: machine.tuple_of(1)),
    (0x86, lambda machine: machine.tuple_of(2)),
    (0x87, lambda machine: machine.tuple_of(3)),
    ("]", _makes(list)),
    ("l", lambda machine: machine.push(machine.items())),
    ("a", _one(Machine.append)),
    ("e", _many(Machine.append)),
    ("}", _makes(dict)),
    ("d", Machine.table),
    ("s", _pair),
    ("u", _many(Machine.set_items)),
    (0x8F, _makes(set)),
    (0x90, _many(Machine.add)),
    (0x91, Machine.frozen),
    ("g", _place(Machine.get)),
    ("h", _sized(_U1, Machine.get)),
    ("j", _sized(_U4, Machine.get)),
    ("p", _place(Machine.put)),
    ("q", _sized(_U1, Machine.put)),
    ("r", _sized(_U4, Machine.put)),
    (0x94, lambda machine: machine.put(len(machine.memo))),
    ("c", Machine.name_lines),
    (0x93, Machine.name_on_stack),
    ("R", Machine.call),
    (0x81, Machine.call),
    (0x92, Machine.call_named),
    ("i", Machine.call_lines),
    ("o", Machine.call_marked),
    ("b", Machine.build),
    ("Q", Machine.stored),
    (0x80, Machine.protocol),
    (0x95, lambda machine: machine.skip(_U8.size)),
)
_DO: Final[Mapping[int, Do]] = {
    ord(code) if isinstance(code, str) else code: do for code, do in _BY_CODE
}
