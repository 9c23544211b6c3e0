"""Hand in."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from softmark_cli.assignment_choice import AssignmentArgument, find_assignment
from softmark_cli.chosen_files import DeclaredFile
from softmark_cli.command_errors import CommandError, ExitCode
from softmark_cli.commands.check import (
    FilesArgument,
    ReplaceOption,
    checked_choice,
    read_files,
    refuse_problems,
    show_warnings,
)
from softmark_cli.commands.status import watch
from softmark_cli.connection import connected
from softmark_cli.declaration import ask_declaration
from softmark_cli.hand_in import (
    hand_in,
    has_same_files,
    open_attempt,
    opened_words,
    own_attempts,
    same_as_latest,
    show_receipt,
    status_of,
)
from softmark_cli.portal_client import PortalClient
from softmark_cli.portal_rows import (
    Assignment,
    HandInStatus,
    OpenedAttempt,
    Submission,
    read,
)
from softmark_cli.run_following import exit_code_of
from softmark_cli.terminal_output import (
    JsonOption,
    Output,
    moment_words,
    reporting,
    size_words,
)

_ADD_REPLACE: Final = "Add --replace to drop that attempt and open this one."

YesOption = Annotated[
    bool,
    typer.Option(
        "--yes",
        "-y",
        help="Do not ask. This also confirms the statement of the assignment: by "
        "default that this is your own, unaided work.",
    ),
]
AnswerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--answer",
        help="1=TEXT answers the first question that the assignment asks, and so on.",
        show_default=False,
    ),
]
AgainOption = Annotated[
    bool,
    typer.Option(
        "--again", help="Make a new attempt, even of the files of the latest one."
    ),
]
WatchOption = Annotated[
    bool, typer.Option("--watch", "-w", help="Follow the run until it has ended.")
]


def submit(
    assignment: AssignmentArgument,
    files: FilesArgument = None,
    *,
    yes: YesOption = False,
    answer: AnswerOption = None,
    replace: ReplaceOption = False,
    again: AgainOption = False,
    watch_run: WatchOption = False,
    as_json: JsonOption = False,
) -> None:
    """Hand in files, and print the receipt.

    The files are checked first. Then they are sent in pieces. If the connection breaks,
    or the command is stopped, run the same command again: it goes on where it broke.
    """
    with reporting(as_json=as_json) as output, connected(output) as client:
        wanted = find_assignment(client, assignment)
        chosen, found = checked_choice(files or [], wanted)
        show_warnings(output, found)
        refuse_problems(found)
        declared = read_files(chosen, output)
        earlier = same_as_latest(own_attempts(client, wanted), declared)
        if earlier is not None and not again:
            output.note(
                "These are the files of your latest attempt. To make another "
                "attempt of them: --again"
            )
            _end(client, output, earlier, is_new=False, follow=watch_run)
            return
        opened = _opened(
            *(client, wanted, declared, output),
            given=answer or [],
            yes=yes,
            replace=replace,
        )
        output.note(opened_words(opened))
        row = hand_in(client, opened, declared, output)
        _end(client, output, row, is_new=True, follow=watch_run)


def _opened(
    client: PortalClient,
    assignment: Assignment,
    declared: Sequence[DeclaredFile],
    output: Output,
    *,
    given: Sequence[str],
    yes: bool,
    replace: bool,
) -> OpenedAttempt:
    """Open an attempt after the person has agreed, or go on with one.

    One that goes on was agreed to when it was opened, unless that was for a check.
    Raises CommandError.
    """
    status = status_of(client, assignment)
    other = status.opened
    if other is not None and has_same_files(other, declared):
        if other.is_declared and status.asked_at <= other.complete_by:
            output.note("Going on with the attempt that you have opened.")
            return other
        other = None
    _refuse(status)
    if other is not None and not replace:
        _agree_to_replace(other, output, yes=yes)
    _show_meaning(assignment, status, declared, output)
    answers = ask_declaration(assignment, given, output, yes=yes)
    replaces = None if other is None else other.id
    return open_attempt(
        client, assignment, declared, answers=answers, replaces=replaces
    )


def _refuse(status: HandInStatus) -> None:
    """Raise CommandError if the portal would refuse the work whatever its files are."""
    if status.refusals:
        raise CommandError(
            "You cannot hand in now.",
            exit_code=ExitCode.REFUSED,
            code=status.refusals[0].code,
            findings=status.refusals,
        )


def _agree_to_replace(other: OpenedAttempt, output: Output, *, yes: bool) -> None:
    """Ask whether to drop an opened attempt with other files. Raises CommandError."""
    output.note(
        f"You have opened an attempt with other files on {moment_words(other.opened_at)}"
        ", and not handed it in.",
        "yellow",
    )
    question = "Drop it, and open this one instead?"
    if yes or not output.confirm(question, otherwise=_ADD_REPLACE):
        raise CommandError(
            "Nothing was handed in: another attempt is open.",
            _ADD_REPLACE,
            exit_code=ExitCode.REFUSED,
            code="attempt_open",
        )


def _show_meaning(
    assignment: Assignment,
    status: HandInStatus,
    declared: Sequence[DeclaredFile],
    output: Output,
) -> None:
    """Say what handing in means: the files, the deadline, and what it would cost."""
    output.note(f"{assignment.title} ({assignment.key})", "bold")
    for each in declared:
        output.note(f"  {each.chosen.words}, {size_words(each.size)}", "")
    output.note(f"Due: {moment_words(assignment.due_at)}")
    if status.is_late:
        cost = status.cost_now or "It will be labelled as late."
        output.note(f"The deadline has passed. {cost}", "bold yellow")
    if status.late_days:
        output.note(status.late_days)
    if status.attempts_left is not None:
        limit = assignment.max_attempts
        output.note(f"Attempts left: {status.attempts_left} of {limit}")
    if assignment.latest_counts and assignment.attempts_used:
        output.note("The latest attempt counts, even if it earns less.", "yellow")


def _end(
    client: PortalClient,
    output: Output,
    row: Mapping[str, Any],
    *,
    is_new: bool,
    follow: bool,
) -> None:
    """Print the receipt, and follow the run if that was asked for."""
    submission = read(Submission.read, row)
    show_receipt(output, submission, is_new=is_new)
    run = None
    if follow and submission.run_url:
        run = watch(client, submission, output)
    output.data({"submission": row, "run": run, "is_new": is_new})
    if run is not None:
        raise typer.Exit(exit_code_of(run))
