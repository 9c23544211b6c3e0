"""The context of a submission: the hand-out, and how students' notebooks are run."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from formats.assignment import (
    check_cells,
    check_key,
    foreign_key,
    locked_cells,
    mark_cells,
    source_of,
)
from formats.notebook.metadata import cell_metadata
from formats.notebook.normalise import Cell, Notebook
from runner.protocol.jobs import Scalar
from runner.protocol.notebook import name_cells


@dataclass(frozen=True, kw_only=True)
class NumberedCell:
    """A cell, with the words that warnings use for it.

    `number` is the one that the run gives it, 0 for a cell that is not run. `where`
    names the cell at the beginning of a sentence. `is_given` means that it is the
    hand-out's own cell, unchanged.
    """

    cell: Cell
    number: int
    where: str
    is_given: bool


@dataclass(frozen=True, kw_only=True)
class AssignmentContext:
    """The known facts about an assignment when work for it is handed in.

    `keys` are those of the questions that are checked by tests. `handout` are the cells
    of the hand-out, in nbformat 4. `given` are the cells from which a student's are put
    back.
    """

    keys: Collection[str] = ()
    skip_tags: Collection[str] = ()
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    has_gpu: bool = False
    handout: Sequence[dict[str, Any]] = ()
    given: Sequence[dict[str, Any]] = ()

    @cached_property
    def check_copies(self) -> Counter[str]:
        """The number of check cells that the hand-out itself has for each question."""
        keys = (check_key(cell) or foreign_key(cell) for cell in self.handout)
        return Counter(key for key in keys if key is not None)

    @cached_property
    def later_texts(self) -> Mapping[str, frozenset[str]]:
        """The texts of code cells that the hand-out has below each question's check cells.

        Blanks are taken out of them. A text that the hand-out has twice is left
        out.
        """
        keys = [check_key(cell) or foreign_key(cell) for cell in self.handout]
        code = [
            without_blanks(source_of(cell)) if cell["cell_type"] == "code" else ""
            for cell in self.handout
        ]
        times = Counter(code)
        later: set[str] = set()
        found: dict[str, frozenset[str]] = {}
        for key, text in zip(reversed(keys), reversed(code), strict=True):
            if key is not None:
                found.setdefault(key, frozenset(later))
            elif text and times[text] == 1:
                later.add(text)
        return found

    @cached_property
    def _texts(self) -> frozenset[str]:
        cells = (*self.handout, *self.given)
        return frozenset(without_blanks(source_of(cell)) for cell in cells)

    @cached_property
    def _restored(self) -> dict[str, str]:
        return check_cells({"cells": list(self.given)})

    @cached_property
    def _locked(self) -> dict[str, str]:
        return locked_cells({"cells": list(self.given)})

    def numbered(self, notebook: Notebook) -> list[NumberedCell]:
        """Return the cells of a notebook with the numbers that its run will give them.

        The notebook is prepared as for the run: cells that students may not change are
        put back first.
        """
        restored = {k: v for k, v in self._restored.items() if k in self.keys}
        raw = [_as_json(cell) for cell in notebook.cells]
        mark_cells({"cells": raw}, self.keys, self._locked)
        names = name_cells(raw, skip_tags=self.skip_tags, restored=restored)
        found = []
        for cell, ready, name in zip(notebook.cells, raw, names, strict=True):
            source = restored.pop(check_key(ready) or "", ready["source"])
            numbered = NumberedCell(
                cell=replace(cell, source=source),
                number=name.number,
                where=name.words,
                is_given=without_blanks(source) in self._texts,
            )
            found.append(numbered)
        return found


NO_CONTEXT: Final = AssignmentContext()


def _as_json(cell: Cell) -> dict[str, Any]:
    return {
        "cell_type": cell.kind,
        "metadata": cell_metadata(cell.metadata),
        "source": cell.source,
    }


def without_blanks(source: str) -> str:
    """Return the text without white space, to compare texts that differ in it alone."""
    return "".join(source.split())
