"""Hand in an attempt: open it, send its files, finish it."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from softmark_cli.chosen_files import DeclaredFile
from softmark_cli.command_errors import (
    CommandError,
    ConnectionLostError,
    ExitCode,
    PortalError,
)
from softmark_cli.piece_sender import PATIENCE_SECONDS, send_file
from softmark_cli.portal_client import PortalClient, may_pass
from softmark_cli.portal_rows import (
    Assignment,
    HandInStatus,
    OpenedAttempt,
    Submission,
    read,
    reading,
)
from softmark_cli.terminal_output import ByteProgress, Output, moment_words, plain

# Checking and storing hundreds of megabytes takes the portal a while.
_FINISH_SECONDS: Final = 600
_MOST_SENDINGS: Final = 3
_CORRECT: Final = (
    "Nothing was handed in, and no attempt was used. Correct it, then run the command "
    "again with --replace. Files that stay the same are not sent again."
)


def status_of(client: PortalClient, assignment: Assignment) -> HandInStatus:
    """Return whether the person may hand in now, and what it would cost."""
    return read(HandInStatus.read, client.get(f"assignments/{assignment.id}/hand-in/"))


def own_attempts(client: PortalClient, assignment: Assignment) -> list[Submission]:
    """Return the person's own attempts at the assignment, the latest first."""
    with reading():
        own = client.get("me/")["id"]
    rows = client.rows("submissions/", assignment=assignment.id, author=own)
    return [read(Submission.read, row) for row in rows]


def same_as_latest(
    attempts: Sequence[Submission], files: Sequence[DeclaredFile]
) -> Mapping[str, Any] | None:
    """Return the row of the latest attempt if it has exactly these files, or None.

    So a command that was interrupted after its very last step can be run again, and
    makes no second attempt.
    """
    hashes = {each.chosen.name: each.sha256 for each in files}
    is_same = bool(attempts) and attempts[0].hashes == hashes
    return attempts[0].raw if is_same else None


def has_same_files(opened: OpenedAttempt, files: Sequence[DeclaredFile]) -> bool:
    """Return whether an opened attempt declares exactly these files."""
    return opened.hashes == {each.chosen.name: each.sha256 for each in files}


def open_attempt(
    client: PortalClient,
    assignment: Assignment,
    files: Sequence[DeclaredFile],
    *,
    answers: Mapping[str, str] | None,
    replaces: str | None = None,
) -> OpenedAttempt:
    """Declare the files. The same files give the same attempt again.

    `answers` are those to the questions of the declaration, by their keys; None for a
    check, before which nothing is confirmed. `replaces` is the id of an attempt to drop.
    Raises CommandError.
    """
    body: dict[str, Any] = {
        "assignment": assignment.id,
        **({"for_check": True} if answers is None else {"declaration": True}),
        "files": [
            {
                "name": each.chosen.name,
                "original_name": plain(each.chosen.path.name)[:255],
                "size": each.size,
                "sha256": each.sha256,
            }
            for each in files
        ],
    }
    if answers:
        body["answers"] = dict(answers)
    if replaces is not None:
        body["replaces"] = replaces
    answer = client.post("opened-attempts/", body, patience=PATIENCE_SECONDS)
    return read(OpenedAttempt.read, answer)


def hand_in(
    client: PortalClient,
    opened: OpenedAttempt,
    files: Sequence[DeclaredFile],
    output: Output,
) -> Mapping[str, Any]:
    """Send the files, hand in, and return the submission's row. Raises CommandError."""
    return send_then(client, opened, files, output, ask=lambda: _finish(client, opened))


def send_then(
    client: PortalClient,
    opened: OpenedAttempt,
    files: Sequence[DeclaredFile],
    output: Output,
    *,
    ask: Callable[[], Mapping[str, Any]],
) -> Mapping[str, Any]:
    """Send the files, `ask` for what needs all of them, and return its answer.

    If the portal has lost a part of a file, such as on a damaged disk, it is sent again.
    Raises CommandError.
    """
    for _ in range(_MOST_SENDINGS - 1):
        _send_files(client, opened, files, output)
        try:
            return ask()
        except PortalError as error:
            if error.code != "attempt_incomplete":
                raise
            output.note(f"{error.message} Sending them again.")
    _send_files(client, opened, files, output)
    return ask()


def _send_files(
    client: PortalClient,
    opened: OpenedAttempt,
    files: Sequence[DeclaredFile],
    output: Output,
) -> None:
    """Send what has not arrived yet of each file.

    If it ends early, raises CommandError with how to go on.
    """
    total = sum(each.size for each in files)
    kept = (
        f"What has arrived is kept until {moment_words(opened.expires_at)}. Run the "
        "same command again to go on."
    )
    try:
        with output.bytes_progress("Sending", total) as progress:
            for each in files:
                _send(client, opened.urls, each, progress)
    except (ConnectionLostError, PortalError) as error:
        if may_pass(error):
            error.hint = kept
        raise
    except KeyboardInterrupt as error:
        raise CommandError(
            "Stopped. Nothing has been handed in.",
            kept,
            exit_code=ExitCode.STOPPED,
            code="stopped",
        ) from error


def _send(
    client: PortalClient,
    urls: Mapping[str, str],
    declared: DeclaredFile,
    progress: ByteProgress,
) -> None:
    with reading():
        url = urls[declared.chosen.name]
    send_file(client, url, declared, progress.set)
    progress.set(declared.size)
    progress.next_file()


def _finish(client: PortalClient, opened: OpenedAttempt) -> Mapping[str, Any]:
    """Hand in an attempt whose files have all arrived; return the submission's row.

    Asking again gives the same receipt, so a lost answer costs nothing. Raises
    CommandError.
    """
    try:
        receipt = client.post(
            f"opened-attempts/{opened.id}/finish/",
            seconds=_FINISH_SECONDS,
            patience=PATIENCE_SECONDS,
        )
    except PortalError as error:
        if error.status == HTTPStatus.BAD_REQUEST:
            error.hint = _CORRECT
        raise
    with reading():
        row: Mapping[str, Any] = receipt["submission"]
        return row


def show_receipt(output: Output, submission: Submission, *, is_new: bool) -> None:
    """Print what the portal has received."""
    verb = "Handed in" if is_new else "Already handed in"
    late = ", late" if submission.is_late else ""
    output.say(f"{verb} as attempt {submission.attempt}.", "bold green")
    output.say(f"Received: {moment_words(submission.received_at)}{late}")
    for file in submission.files:
        output.say(f"{file.name}  {file.size} bytes  SHA-256 {file.sha256}")
    if submission.warnings:
        output.note("The portal accepted it, and warns:", "yellow")
        output.findings(submission.warnings, "yellow")


def opened_words(opened: OpenedAttempt) -> str:
    """Return what counts as the time of an opened attempt."""
    return plain(
        f"Opened: {moment_words(opened.opened_at)}. It counts from then if everything "
        f"arrives by {moment_words(opened.complete_by)}."
    )
