"""Find the assignment that a command names."""

from collections.abc import Sequence
from typing import Annotated

import typer

from softmark_cli.command_errors import CommandError, ExitCode
from softmark_cli.portal_client import PortalClient
from softmark_cli.portal_rows import Assignment, read

AssignmentArgument = Annotated[
    str,
    typer.Argument(
        help="The assignment: COURSE/KEY as `softmark assignments` lists it, its KEY "
        "alone if only one course has it, or its number.",
        show_default=False,
    ),
]


def find_assignment(client: PortalClient, words: str) -> Assignment:
    """Return the assignment that the words name. Raises CommandError."""
    words = words.strip()
    if words.isascii() and words.isdecimal():
        return read(Assignment.read, client.get(f"assignments/{int(words)}/"))
    found = [read(Assignment.read, row) for row in client.rows("assignments/")]
    return _one_of(found, words)


def _one_of(found: Sequence[Assignment], words: str) -> Assignment:
    wanted = words.casefold()
    named = [
        each
        for each in found
        if wanted in {each.key.casefold(), each.slug.casefold(), each.title.casefold()}
    ]
    if len(named) == 1:
        return named[0]
    if named:
        raise CommandError(
            f"“{words}” names {len(named)} assignments.",
            f"Name one of them: {_listed(named)}.",
            exit_code=ExitCode.WRONG_USE,
            code="assignment_ambiguous",
        )
    raise CommandError(
        f"You have no assignment “{words}”.",
        f"Your assignments are: {_listed(found)}." if found else "You have none.",
        exit_code=ExitCode.NOT_FOUND,
        code="assignment_unknown",
    )


def _listed(found: Sequence[Assignment]) -> str:
    return ", ".join(each.key for each in found)
