"""The folder that an assignment is written in: its format, read and checked.

docs/writing-an-assignment.md describes it for staff.
"""

from courses.bundle.changed_names import changed_in_cells
from courses.bundle.contents import (
    Bundle,
    BundleFile,
    Check,
    Limits,
    Question,
    RequiredFile,
    Visibility,
)
from courses.bundle.definitions import (
    Definitions,
    definitions_of,
    rebound_in_cells,
)
from courses.bundle.faults import BundleError, Fault
from courses.bundle.notebooks import (
    check_cells,
    check_key,
    make_handout,
    source_of,
)
from courses.bundle.reading import read_bundle, write_handout
from courses.bundle.recognition import foreign_key, locked_cells, mark_cells
from courses.bundle.sections import split_sections

__all__ = [
    "Bundle",
    "BundleError",
    "BundleFile",
    "Check",
    "Definitions",
    "Fault",
    "Limits",
    "Question",
    "RequiredFile",
    "Visibility",
    "changed_in_cells",
    "check_cells",
    "check_key",
    "definitions_of",
    "foreign_key",
    "locked_cells",
    "make_handout",
    "mark_cells",
    "read_bundle",
    "rebound_in_cells",
    "source_of",
    "split_sections",
    "write_handout",
]
