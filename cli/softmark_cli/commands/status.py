"""Show where the run of an attempt is, and follow it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from softmark_cli.assignment_choice import AssignmentArgument, find_assignment
from softmark_cli.command_errors import CommandError, ExitCode
from softmark_cli.connection import connected
from softmark_cli.hand_in import own_attempts
from softmark_cli.portal_client import PortalClient
from softmark_cli.portal_rows import Assignment, Submission
from softmark_cli.run_following import (
    exit_code_of,
    follow_run,
    progress_words,
    read_run,
    show_run,
)
from softmark_cli.terminal_output import JsonOption, Output, reporting

AttemptOption = Annotated[
    int | None,
    typer.Option(
        "--attempt",
        min=1,
        help="This attempt. Otherwise the latest.",
        show_default=False,
    ),
]
WatchOption = Annotated[
    bool, typer.Option("--watch", "-w", help="Follow the run until it has ended.")
]


def status(
    assignment: AssignmentArgument,
    *,
    attempt: AttemptOption = None,
    watch_run: WatchOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show where your latest attempt is, and what the portal shows of its results."""
    with reporting(as_json=as_json) as output, connected(output) as client:
        wanted = find_assignment(client, assignment)
        submission = attempt_of(own_attempts(client, wanted), wanted, attempt)
        if not submission.run_url:
            raise CommandError(
                f"Attempt {submission.attempt} has no run yet.",
                exit_code=ExitCode.NOT_FOUND,
                code="no_run",
            )
        if watch_run:
            row = watch(client, submission, output)
        else:
            row = read_run(client, submission.run_url).row
            show_run(output, row, is_late=submission.is_late)
        output.data(row)
        raise typer.Exit(exit_code_of(row))


def watch(
    client: PortalClient, submission: Submission, output: Output
) -> Mapping[str, Any]:
    """Follow the attempt's run until it has ended, print it, and return it."""
    row: Mapping[str, Any] = {}
    with output.live_line() as show:
        words = ""
        for seen in follow_run(client, submission.run_url, client.sleep):
            row, before = seen.row, words
            words = progress_words(row)
            if words != before:
                show(words)
    show_run(output, row, is_late=submission.is_late)
    return row


def attempt_of(
    attempts: Sequence[Submission], assignment: Assignment, number: int | None
) -> Submission:
    """Return the attempt with this number, or the latest. Raises CommandError."""
    if not attempts:
        raise CommandError(
            f"You have not handed in {assignment.key}.",
            exit_code=ExitCode.NOT_FOUND,
            code="not_handed_in",
        )
    for each in attempts:
        if number in {None, each.attempt}:
            return each
    numbers = ", ".join(str(each.attempt) for each in reversed(attempts))
    raise CommandError(
        f"There is no attempt {number}. Your attempts are: {numbers}.",
        exit_code=ExitCode.NOT_FOUND,
        code="attempt_unknown",
    )
