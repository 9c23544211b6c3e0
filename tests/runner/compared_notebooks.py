"""Our own notebooks, run by nbclient and the runner, for what nbclient's do not cover.

They are written as text with `# %%` between cells, and a cell's tags after it.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from tests.runner import (
    compared_errors,
    compared_magics,
    compared_outputs,
    compared_processes,
)
from tests.runner.notebooks import CellLike, cell, notebook

_BREAK: Final = "# %%"
_MODULES: Final = (
    compared_outputs,
    compared_errors,
    compared_magics,
    compared_processes,
)


def _cells(text: str) -> Iterator[CellLike]:
    for part in f"{_BREAK}{text}".split(f"\n{_BREAK}"):
        tags, _, source = part.removeprefix(_BREAK).partition("\n")
        yield cell(source.removesuffix("\n"), tags=tags.split())


NOTEBOOKS: Final[Mapping[str, str]] = {
    name.lower(): notebook(*_cells(text))
    for module in _MODULES
    for name, text in vars(module).items()
    if name.isupper()
}
