"""What is wrong with a bundle: where, what, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack


class Place(TypedDict, total=False):
    """Where something is wrong, and what to do. `cell` is a position in the notebook."""

    file: str
    line: int | None
    cell: int | None
    hint: str


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong.

    Lines count from 1. `cell` is the position of a cell in its notebook, from 1, by which
    faults are sorted. `place` is what people call the cell: it has to be given, too.
    """

    message: str
    file: str = ""
    line: int | None = None
    cell: int | None = None
    place: str = ""
    hint: str = ""

    def __post_init__(self) -> None:
        """Refuse a cell that nobody can call by its name."""
        if (self.cell is not None) != bool(self.place):
            raise ValueError("a fault has both a cell and its place, or neither")

    def __str__(self) -> str:
        place = [self.file] if self.file else []
        if self.place:
            place.append(self.place)
        if self.line is not None:
            place.append(f"line {self.line}")
        text = f"{', '.join(place)}: {self.message}" if place else self.message
        return f"{text} {self.hint}" if self.hint else text


class BundleError(Exception):
    """The folder is no bundle that can be imported. `faults` lists every reason."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class FaultList:
    """The faults of a bundle, collected so that one look finds all of them.

    It knows what the cells of the notebooks are called that were read with it.
    """

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._places: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._faults)

    def call_cells(self, file: str, places: Sequence[str]) -> None:
        """Call the cells of a notebook by these words from now on."""
        self._places[file] = tuple(places)

    def place(self, file: str, cell: int) -> str:
        """Return the words for the cell at a position, to stand within a sentence."""
        places = self._places.get(file, ())
        if cell <= len(places):
            return places[cell - 1]
        # As an upload says it of a notebook whose cells cannot be told apart.
        return f"cell {cell} (text cells counted, too)"

    def make(self, message: str, **where: Unpack[Place]) -> Fault:
        """Return a fault without noting it."""
        cell = where.get("cell")
        place = "" if cell is None else self.place(where.get("file", ""), cell)
        return Fault(message=message, place=place, **where)

    def add(self, message: str, **where: Unpack[Place]) -> None:
        """Note one fault."""
        self._faults.append(self.make(message, **where))

    def error(self) -> BundleError:
        """Return an error with everything noted so far, in reading order."""
        faults = dict.fromkeys(self._faults)
        return BundleError(
            tuple(sorted(faults, key=lambda f: (f.file, f.cell or 0, f.line or 0)))
        )

    def raise_if_any(self) -> None:
        """Raise the error if anything was noted."""
        if self._faults:
            raise self.error()
