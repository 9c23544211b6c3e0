"""Problems of a hand-in, in a form that pages, API and tests all read."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class FileName:
    """The name under which a file is handed in, and the person's own name of it."""

    required: str
    chosen: str = ""

    def __str__(self) -> str:
        """Return the name by which the person knows the file."""
        return self.chosen or self.required


Name = str | FileName


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, in words for the person who handed it in.

    `code` is stable and selects the words in formats.submission_words; `file` is the
    required name; `line` counts from 1 in that file.
    """

    code: str
    message: str
    file: str = ""
    line: int | None = None
    hint: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the problem as plain data, for Submission.warnings and the API."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a check found: problems refuse the hand-in, warnings do not."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def __add__(self, other: "Findings") -> "Findings":
        return Findings(
            problems=self.problems + other.problems,
            warnings=self.warnings + other.warnings,
        )
