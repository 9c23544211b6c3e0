"""Results of the checks of a submission, and the names of its files."""

from dataclasses import dataclass

from formats.problems import Problem


@dataclass(frozen=True)
class FileName:
    """The name under which a file is handed in, and the person's own name for it."""

    required: str
    chosen: str = ""

    def __str__(self) -> str:
        """Return the name by which the person knows the file."""
        return self.chosen or self.required


Name = str | FileName


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The results of a check: problems refuse the submission, warnings do not."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def __add__(self, other: "Findings") -> "Findings":
        return Findings(
            problems=self.problems + other.problems,
            warnings=self.warnings + other.warnings,
        )
