"""The program `softmark`: its commands and its help."""

import sys
from typing import Annotated

import typer

from softmark_cli import __version__
from softmark_cli.commands.check import check
from softmark_cli.commands.download import download
from softmark_cli.commands.listing import assignments, courses
from softmark_cli.commands.login import login, logout
from softmark_cli.commands.status import status
from softmark_cli.commands.submit import submit

_HELP = (
    "Hand in coursework to a Softmark portal, and follow what comes of it.\n\n"
    "Exit status: 0 done, 1 the portal failed, 2 wrong use, 3 not logged in or not "
    "allowed, 4 refused, 5 not found, 6 no connection, 7 the run ended before the "
    "notebook did, 130 stopped."
)

app = typer.Typer(
    help=_HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (
    *(login, logout, courses, assignments, check, submit, status, download),
):
    app.command()(_command)


def _print_version(is_asked: bool) -> None:  # noqa: FBT001  typer calls it
    if is_asked:
        typer.echo(f"softmark {__version__}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Read the options before the command. The help is that of the program."""
    del version


def main() -> None:
    """Run the program."""
    for stream in (sys.stdout, sys.stderr):
        # Windows may have a code page without “ and ✓.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()
