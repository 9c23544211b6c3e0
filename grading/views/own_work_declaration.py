"""What every form for handing in asks its author to confirm."""

from courses.models import Assignment
from formats.declaration import DEFAULT_STATEMENT
from formats.problems import Problem


def not_declared(found: Assignment) -> Problem:
    """Return the problem of a form whose declaration is not confirmed."""
    return Problem(
        code="declaration_missing",
        message="Confirm that this is your own, unaided work."
        if found.statement == DEFAULT_STATEMENT
        else "Confirm the declaration.",
        hint="Tick the box above the button.",
    )
