"""Download an attempt, or the hand-out of an assignment."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import typer

from softmark_cli.assignment_choice import AssignmentArgument, find_assignment
from softmark_cli.commands.status import AttemptOption, attempt_of
from softmark_cli.connection import connected
from softmark_cli.hand_in import own_attempts
from softmark_cli.portal_client import PortalClient
from softmark_cli.portal_rows import Assignment, Submission, reading
from softmark_cli.run_following import read_run
from softmark_cli.saved_files import WantedFile, safe_path, save_all, save_text
from softmark_cli.terminal_output import JsonOption, Output, reporting

FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--to",
        help="The folder to write to. Otherwise one in the current folder, named after "
        "the assignment.",
        show_default=False,
    ),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Overwrite files that are there already.")
]
HandoutOption = Annotated[
    bool,
    typer.Option("--handout", help="The files of the assignment, not your attempt."),
]


def download(
    assignment: AssignmentArgument,
    *,
    attempt: AttemptOption = None,
    handout: HandoutOption = False,
    to: FolderOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Download what you have handed in, its receipt, and what came of it.

    These are the files of the attempt, receipt.json, the executed notebook once there
    is one, and results.json with the results that the portal shows you now.
    """
    with reporting(as_json=as_json) as output, connected(output) as client:
        wanted = find_assignment(client, assignment)
        if handout:
            folder = to or Path(*safe_path(wanted.slug).parts)
            saved = save_all(client, _handout(wanted), folder, force=force)
        else:
            found = attempt_of(own_attempts(client, wanted), wanted, attempt)
            name = f"{wanted.slug}-attempt-{found.attempt}"
            folder = to or Path(*safe_path(name).parts)
            saved = _save_attempt(client, found, folder, output, force=force)
        _show(output, folder, saved)


def _show(output: Output, folder: Path, saved: list[Path]) -> None:
    output.data({"folder": str(folder), "files": [str(path) for path in saved]})
    for path in saved:
        output.say(path)
    if not saved:
        output.say("There are no files.")


def _handout(assignment: Assignment) -> Iterator[WantedFile]:
    with reading():
        revision = assignment.raw["revision"] or {"files": []}
        for file in revision["files"]:
            path = safe_path(file["name"])
            yield WantedFile(path=path, url=file["url"], sha256=file["sha256"])


def _save_attempt(
    client: PortalClient,
    found: Submission,
    folder: Path,
    output: Output,
    *,
    force: bool,
) -> list[Path]:
    saved = save_all(client, _received(found, output), folder, force=force)
    # The state of its runs is in results.json: a receipt stays as it is.
    receipt = {name: found.raw[name] for name in found.raw if name != "runs"}
    saved.append(save_text(_json(receipt), folder / "receipt.json", force=force))
    if found.run_url:
        run = read_run(client, found.run_url).row
        executed = save_all(client, _executed(run, found), folder, force=True)
        # Both change while the run goes on and when marks are released.
        results = save_text(_json(run), folder / "results.json", force=True)
        saved += [*executed, results]
    return saved


def _received(found: Submission, output: Output) -> Iterator[WantedFile]:
    """Yield the files that were handed in, and the signed receipt."""
    for file in found.files:
        if file.url is None:
            output.note(
                f"{file.name} is not downloaded: the portal has removed its content, as "
                "the course's rule for old weights says.",
                "yellow",
            )
        else:
            path = safe_path(file.name)
            yield WantedFile(path=path, url=file.url, sha256=file.sha256)
    if found.receipt_url:
        yield WantedFile(path=PurePosixPath("receipt.txt"), url=found.receipt_url)


def _executed(run: Mapping[str, Any], found: Submission) -> Iterator[WantedFile]:
    """Yield the executed notebook, if the run has one."""
    with reading():
        url = run["notebook_url"]
    names = [file.name for file in found.files if file.name.endswith(".ipynb")]
    name = safe_path(names[0] if names else "notebook.ipynb")
    if url:
        yield WantedFile(path=PurePosixPath("executed") / name, url=url)


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps(row, indent=2) + "\n"
