"""Assignments in the formats of nbgrader and Otter, turned into folders of our own.

docs/importing.md describes it for staff. Nothing of a source is executed.
"""

from courses.importing.contents import Format, ImportOptions, Prepared
from courses.importing.notes import notes_on
from courses.importing.options import (
    OptionError,
    read_parameter,
    read_points,
    read_required,
)
from courses.importing.preparing import prepare

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
