"""Problems of a file from outside: where, what, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack


class Place(TypedDict, total=False):
    """Where a problem is, and a hint. `cell` is a position in the notebook, from 1."""

    file: str
    line: int | None
    cell: int | None
    hint: str


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong or doubtful: what, where, and what to do about it.

    `message` and `hint` are for the person who brought the file. `code`, if there is
    one, is stable and names the words in formats.submission_words. Lines count from 1.
    `cell` is the position of a cell in its notebook, from 1, by which problems are
    sorted. `place` is the name that people use for the cell. A problem with a `cell`
    must have a `place`.
    """

    message: str
    code: str = ""
    file: str = ""
    line: int | None = None
    cell: int | None = None
    place: str = ""
    hint: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError if the problem has a cell and no place, or the reverse."""
        if (self.cell is not None) != bool(self.place):
            raise ValueError("a problem has both a cell and its place, or neither")

    @property
    def where(self) -> str:
        """The file, the cell and the line, in words that begin a sentence."""
        line = "" if self.line is None else f"line {self.line}"
        words = ", ".join(part for part in (self.file, self.place, line) if part)
        return words if self.file else words[:1].upper() + words[1:]

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} {self.hint}" if self.hint else text

    def as_json(self) -> dict[str, Any]:
        """Return plain data for Submission.warnings and the API."""
        names = ("code", "message", "file", "line", "hint")
        return {name: getattr(self, name) for name in names}


class ImportRefusedError(Exception):
    """The file or folder cannot be imported. `problems` lists every reason."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class ProblemList:
    """The faults of a file or folder, collected so that one reading finds them all.

    It also knows the names of the cells of the notebooks that were read with it.
    """

    def __init__(self) -> None:
        self._faults: list[Problem] = []
        self._places: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._faults)

    def call_cells(self, file: str, places: Sequence[str]) -> None:
        """Use these words for the cells of a notebook from now on."""
        self._places[file] = tuple(places)

    def place(self, file: str, cell: int) -> str:
        """Return the words for the cell at a position, for use within a sentence."""
        places = self._places.get(file, ())
        if cell <= len(places):
            return places[cell - 1]
        # The same words as for an upload whose cells cannot be told apart.
        return f"cell {cell} (text cells counted, too)"

    def make(self, message: str, **where: Unpack[Place]) -> Problem:
        """Return a problem without noting it."""
        cell = where.get("cell")
        place = "" if cell is None else self.place(where.get("file", ""), cell)
        return Problem(message=message, place=place, **where)

    def add(self, message: str, **where: Unpack[Place]) -> None:
        """Note one fault."""
        self._faults.append(self.make(message, **where))

    def error(self) -> ImportRefusedError:
        """Return an error with all faults noted so far, by file, cell and line."""
        faults = dict.fromkeys(self._faults)
        return ImportRefusedError(
            tuple(sorted(faults, key=lambda f: (f.file, f.cell or 0, f.line or 0)))
        )

    def raise_if_any(self) -> None:
        """Raise ImportRefusedError if any fault was noted."""
        if self._faults:
            raise self.error()
