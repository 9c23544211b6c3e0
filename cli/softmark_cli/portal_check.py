"""Have the portal run files before they are handed in: *Check my work*."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from softmark_cli.chosen_files import ChosenFile, DeclaredFile
from softmark_cli.command_errors import CommandError, ExitCode, PortalError
from softmark_cli.hand_in import open_attempt, send_then, status_of
from softmark_cli.portal_client import PortalClient, Request, data_of
from softmark_cli.portal_rows import Assignment, moment, reading
from softmark_cli.run_following import follow_run, progress_words, show_results
from softmark_cli.terminal_output import Output, moment_words

# Files that are larger together are sent in pieces.
SMALL: Final = 8 * 1024**2
# Checking and storing hundreds of megabytes takes the portal a while.
_SECONDS: Final = 600

# Asks for a check, and returns its row.
Ask = Callable[[], Mapping[str, Any]]


def run_self_check(
    client: PortalClient, output: Output, *, ask: Ask
) -> Mapping[str, Any]:
    """Ask for a check, follow it until it has ended, and return it.

    It is no attempt. Raises CommandError.
    """
    with _refusals():
        made = ask()
    with reading():
        url = str(made["url"])
    row: Mapping[str, Any] = {}
    with output.live_line() as show:
        words = ""
        for seen in follow_run(client, url, client.sleep):
            row, before = seen.row, words
            words = progress_words(row)
            if words != before:
                show(words)
    show_self_check(output, row)
    return row


def by_form(
    client: PortalClient, assignment: Assignment, files: Sequence[ChosenFile]
) -> Ask:
    """Return what sends the files as one form."""
    request = Request(
        method="POST",
        url="self-checks/",
        headers=_new_key(),
        form={"assignment": str(assignment.id)},
        files={each.name: each.path for each in files},
        seconds=_SECONDS,
    )
    return lambda: _row(client, request)


def in_pieces(
    client: PortalClient,
    assignment: Assignment,
    files: Sequence[DeclaredFile],
    output: Output,
    *,
    replace: bool,
) -> Ask:
    """Return what sends the files in pieces, in an opened attempt, which stays open.

    If the connection breaks, the same command goes on. `replace` drops an attempt that
    is open with other files.
    """

    def ask() -> Mapping[str, Any]:
        other = status_of(client, assignment).opened if replace else None
        opened = open_attempt(
            client,
            assignment,
            files,
            answers=None,
            replaces=None if other is None else other.id,
        )
        request = Request(
            method="POST",
            url=f"opened-attempts/{opened.id}/check/",
            headers=_new_key(),
            seconds=_SECONDS,
        )
        return send_then(
            client, opened, files, output, ask=lambda: _row(client, request)
        )

    return ask


def _new_key() -> dict[str, str]:
    """Return the header with which a second try makes no second check."""
    return {"Idempotency-Key": uuid.uuid4().hex}


def _row(client: PortalClient, request: Request) -> Mapping[str, Any]:
    row: Mapping[str, Any] = data_of(client.answer(request))
    return row


@contextmanager
def _refusals() -> Iterator[None]:
    """Say in words that a portal has no such checks."""
    try:
        yield
    except PortalError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            raise CommandError(
                "This portal does not run checks before handing in.",
                exit_code=ExitCode.NOT_FOUND,
                code="no_self_checks",
            ) from error
        raise


def show_self_check(output: Output, row: Mapping[str, Any]) -> None:
    """Print what the check found, and how many checks are left."""
    with reading():
        message, results, rate = row["message"], row["results"], row["rate"]
        output.say(message["title"], "bold")
        for words in (message["text"], message["hint"]):
            if words:
                output.say(words)
        if results is not None:
            show_results(output, results)
        later = "" if rate["next_at"] is None else moment_words(moment(rate["next_at"]))
        output.note(
            f"Checks left: {rate['left']} of {rate['limit']}"
            + (f", one more at {later}" if later else "")
        )
        output.note("This was no attempt. To hand in: softmark submit")
