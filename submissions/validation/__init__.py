"""Checks of what is handed in, without executing or unpickling any of it."""

from submissions.validation.check_cells import find_repeated_checks
from submissions.validation.coursework import Coursework
from submissions.validation.files import FileRule, check_file
from submissions.validation.opened_files import (
    CodeReading,
    find_missing_files,
    read_code,
)
from submissions.validation.readable import NotebookFaultError, readable_notebook
from submissions.validation.weight_use import is_answered

__all__ = [
    "CodeReading",
    "Coursework",
    "FileRule",
    "NotebookFaultError",
    "check_file",
    "find_missing_files",
    "find_repeated_checks",
    "is_answered",
    "read_code",
    "readable_notebook",
]
