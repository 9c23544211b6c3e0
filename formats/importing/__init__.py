"""Assignments in the formats of nbgrader and Otter, turned into folders of our own.

docs/importing.md describes it for staff. Nothing of a source is executed.
"""

from formats.importing.convert import prepare
from formats.importing.draft import Format, ImportOptions, Prepared
from formats.importing.notes import notes_on
from formats.importing.options import (
    OptionError,
    read_parameter,
    read_points,
    read_required,
)

__all__ = [
    "Format",
    "ImportOptions",
    "OptionError",
    "Prepared",
    "notes_on",
    "prepare",
    "read_parameter",
    "read_points",
    "read_required",
]
