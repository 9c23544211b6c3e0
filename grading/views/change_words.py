"""Words that the pages share on which staff change marks: re-score and regrade."""

from typing import Final

NO_REASON: Final = "Give a reason. It is recorded with every mark that changes."


def marks_in_words(count: int) -> str:
    """Return the number of marks with its noun."""
    return "1 mark" if count == 1 else f"{count} marks"
