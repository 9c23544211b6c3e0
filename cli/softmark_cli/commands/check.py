"""Check files against what an assignment asks for, before they are sent."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from softmark_cli.assignment_choice import AssignmentArgument, find_assignment
from softmark_cli.chosen_files import (
    ChosenFile,
    DeclaredFile,
    choose_files,
    declare,
    total_size,
)
from softmark_cli.command_errors import CommandError, ExitCode
from softmark_cli.connection import connected
from softmark_cli.local_checks import LocalFindings, check_files
from softmark_cli.portal_check import SMALL, by_form, in_pieces, run_self_check
from softmark_cli.portal_client import PortalClient
from softmark_cli.portal_rows import Assignment
from softmark_cli.run_following import exit_code_of
from softmark_cli.terminal_output import JsonOption, Output, reporting

FilesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files, or NAME=PATH for a file with another name than the required one. "
        "A folder stands for the required files in it. Nothing: the current folder.",
        show_default=False,
    ),
]

RunOption = Annotated[
    bool,
    typer.Option(
        "--run", help="Then have the portal run the files, without handing them in."
    ),
]

ReplaceOption = Annotated[
    bool,
    typer.Option(
        "--replace", help="Drop an attempt that you have opened with other files."
    ),
]


def check(
    assignment: AssignmentArgument,
    files: FilesArgument = None,
    *,
    run: RunOption = False,
    replace: ReplaceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check files without handing them in.

    It lists everything that the portal would refuse: missing and empty files, wrong
    names and sizes, Git LFS pointers, notebooks that are not JSON. It also warns of
    files that the notebook opens and that you do not hand in. The portal checks more
    when you hand in.

    With --run, the files are then sent, and the portal runs the notebook and the checks
    that are shown at once. That is no attempt, and nobody else sees it. How often you
    may do it is up to the assignment. Large files are sent in pieces, and stay for a day:
    softmark submit does not send them again.
    """
    with reporting(as_json=as_json) as output, connected(output) as client:
        wanted = find_assignment(client, assignment)
        chosen, found = checked_choice(files or [], wanted)
        show_warnings(output, found)
        refuse_problems(found)
        for each in chosen:
            output.say(f"✓ {each.words}", "green")
        row = _run(client, wanted, chosen, output, replace=replace) if run else None
        output.data(
            {
                "assignment": wanted.id,
                "files": {each.name: str(each.path) for each in chosen},
                "warnings": [asdict(each) for each in found.warnings],
                "check": row,
            }
        )
        if row is not None:
            raise typer.Exit(exit_code_of(row))
        output.say("Nothing here would be refused. Nothing was sent.")


def _run(
    client: PortalClient,
    assignment: Assignment,
    chosen: Sequence[ChosenFile],
    output: Output,
    *,
    replace: bool,
) -> Mapping[str, Any]:
    """Have the portal run the files, and return the check. Raises CommandError."""
    if total_size(chosen) <= SMALL:
        return run_self_check(client, output, ask=by_form(client, assignment, chosen))
    declared = read_files(chosen, output)
    ask = in_pieces(client, assignment, declared, output, replace=replace)
    return run_self_check(client, output, ask=ask)


def read_files(chosen: Sequence[ChosenFile], output: Output) -> list[DeclaredFile]:
    """Return the files with their hashes, and show how far it is."""
    with output.bytes_progress("Reading", total_size(chosen)) as progress:
        return declare(chosen, progress.set)


def checked_choice(
    files: list[str], assignment: Assignment
) -> tuple[list[ChosenFile], LocalFindings]:
    """Return the chosen files, and all that is wrong with them. Raises CommandError."""
    if not assignment.is_published:
        raise CommandError(
            "This assignment is not published yet, so nothing can be handed in.",
            exit_code=ExitCode.REFUSED,
            code="not_published",
        )
    chosen, problems = choose_files(files, assignment.required, Path())
    return chosen, check_files(chosen, assignment, problems)


def show_warnings(output: Output, found: LocalFindings) -> None:
    """Print what is doubtful, and does not keep anybody from handing in."""
    output.findings(found.warnings, "yellow")


def refuse_problems(found: LocalFindings) -> None:
    """Raise CommandError with all problems, if there are any."""
    count = len(found.problems)
    if count:
        raise CommandError(
            f"There {'is one problem' if count == 1 else f'are {count} problems'}. "
            "Nothing was sent.",
            exit_code=ExitCode.REFUSED,
            code="files_refused",
            findings=found.problems,
        )
