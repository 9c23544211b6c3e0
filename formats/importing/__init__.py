"""Convert assignments in the formats of nbgrader and Otter to folders in our format.

docs/importing.md describes it for staff. Nothing of a source is executed.
"""

from formats.importing.convert import prepare_folder
from formats.importing.draft import Format, ImportOptions, PreparedFolder
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
    "PreparedFolder",
    "notes_on",
    "prepare_folder",
    "read_parameter",
    "read_points",
    "read_required",
]
