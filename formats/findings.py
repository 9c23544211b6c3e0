"""What the checks of a hand-in found, and the names of its files."""

from dataclasses import dataclass

from formats.problems import Problem


@dataclass(frozen=True)
class FileName:
    """The name under which a file is handed in, and the person's own name of it."""

    required: str
    chosen: str = ""

    def __str__(self) -> str:
        """Return the name by which the person knows the file."""
        return self.chosen or self.required


Name = str | FileName


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
