"""All entries of coursework, by name."""

from collections.abc import Mapping
from typing import Final

from tests.runner.proof import (
    cells_files,
    cells_functions,
    cells_mocks,
    cells_networks,
    cells_otter,
    cells_scripts,
)
from tests.runner.proof.entries import Entry

ENTRIES: Final[Mapping[str, Entry]] = {
    f"{entry.style.value}: {name}": entry
    for module in (
        cells_mocks,
        cells_scripts,
        cells_networks,
        cells_files,
        cells_functions,
        cells_otter,
    )
    for name, entry in module.ENTRIES.items()
}
