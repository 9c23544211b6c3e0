"""Collect what a notebook's code does to files, and find files that it did not make."""

from dataclasses import dataclass, field
from typing import Final

# With more writes of one file than this, they are not searched.
MAX_WRITES: Final = 20
ALWAYS: Final = -1


@dataclass(frozen=True, eq=False)
class BranchSide:
    """One side of a branch, and the arm that contains the branch."""

    branch: int
    side: int
    outer: "BranchSide | None"
    depth: int


@dataclass(frozen=True, kw_only=True)
class Access:
    """A file that is read or written in a cell, by the cell's place in the notebook.

    `cells` are all cells whose code takes part: a function may be defined in one and
    called in another. `time` grows from cell to cell; ALWAYS is earlier than any.
    """

    path: str
    cell: int
    cells: frozenset[int]
    time: int
    arm: BranchSide | None
    is_mapped: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Import:
    """A package that a cell imports. `cells` are all cells whose code takes part."""

    package: str
    cell: int
    cells: frozenset[int]


@dataclass(kw_only=True)
class Accesses:
    """The files that a notebook reads and writes, and the packages that it imports.

    `loads` are the calls of torch.load. `imports` leaves out an import whose failure
    the code handles.
    """

    reads: list[Access] = field(default_factory=list)
    writes: dict[str, list[Access]] = field(default_factory=dict)
    loads: list[Access] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    is_complete: bool = True

    def missing(self, read: Access) -> bool:
        """Return whether no code up to the end of its cell can have made the file."""
        writes = self.writes.get(read.path, [])
        return len(writes) <= MAX_WRITES and not any(
            write.time <= read.time and not _exclude(write.arm, read.arm)
            for write in writes
        )


def _exclude(one: BranchSide | None, other: BranchSide | None) -> bool:
    """Return whether the two are on different sides of one branch."""
    while one is not None and other is not None and one is not other:
        if one.branch == other.branch:
            return True
        if one.depth >= other.depth:
            one = one.outer
        else:
            other = other.outer
    return False
