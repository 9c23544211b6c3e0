"""Read and check the folder in which an assignment is written.

docs/writing-an-assignment.md describes its format for staff.
"""

from formats.assignment.answer_cells import answer_places
from formats.assignment.assignment_content import (
    Bundle,
    BundleFile,
    Check,
    Limits,
    Question,
    RequiredFile,
    Visibility,
)
from formats.assignment.definitions import (
    Definitions,
    definitions_of,
    rebound_in_cells,
)
from formats.assignment.folder import read_bundle, write_handout
from formats.assignment.foreign_cells import foreign_key, locked_cells, mark_cells
from formats.assignment.notebook_cells import (
    check_cells,
    check_key,
    make_handout,
    source_of,
)
from formats.assignment.related_names import related_in_cells
from formats.assignment.section_tests import split_sections
from formats.assignment.shown_tests import without_tests
from formats.problems import (
    ImportRefusedError,
)

__all__ = [
    "Bundle",
    "BundleFile",
    "Check",
    "Definitions",
    "ImportRefusedError",
    "Limits",
    "Question",
    "RequiredFile",
    "Visibility",
    "answer_places",
    "check_cells",
    "check_key",
    "definitions_of",
    "foreign_key",
    "locked_cells",
    "make_handout",
    "mark_cells",
    "read_bundle",
    "rebound_in_cells",
    "related_in_cells",
    "source_of",
    "split_sections",
    "without_tests",
    "write_handout",
]
