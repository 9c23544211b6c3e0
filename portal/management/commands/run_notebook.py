"""`manage.py run_notebook`: one notebook in the real runner, without a database."""

import io
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from grading.worker.environment_checks import torch_version, unfit_reason
from portal.local_run.inputs import Request, UnusableRequestError, read_parameter
from portal.local_run.running import OUR_FAULT, SIGNALLED, run_notebook
from runner.host.runner import Backend
from runner.protocol.jobs import Limits

DEFAULTS: Final = Limits()
MEBIBYTE: Final = 1024**2


class Command(BaseCommand):
    """Exit status: 0 ran to the end, 1 the notebook's fault, 2 ours, 130 Ctrl-C."""

    help = (
        "Run one notebook as a worker would, without tests and without the database, "
        "and write it with its outputs."
    )
    # The checks would look at settings that only the portal needs.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("notebook", type=Path, metavar="FILE", help="the notebook")
        parser.add_argument(
            "--file",
            dest="files",
            type=Path,
            nargs="+",
            action="extend",
            default=[],
            metavar="PATH",
            help="files that are beside the notebook when it runs",
        )
        parser.add_argument(
            "--environment",
            default="default",
            metavar="NAME",
            help="the environment: one of RUNNER_ENVIRONMENTS",
        )
        parser.add_argument(
            "--output",
            default="",
            metavar="OUT.ipynb",
            help="where to write the executed notebook; - for standard output; "
            "default: FILE.executed.ipynb",
        )
        parser.add_argument(
            "--parameters",
            nargs="+",
            action="extend",
            default=[],
            metavar="NAME=VALUE",
            help=(
                "values that replace those that the notebook sets, such as TRAIN=False"
            ),
        )
        parser.add_argument(
            "--skip-tag",
            dest="skip_tags",
            nargs="+",
            action="extend",
            default=[],
            metavar="TAG",
            help="do not run cells with this tag",
        )
        self._add_limits(parser)
        parser.add_argument("--seed", type=int, default=0, metavar="N")
        parser.add_argument(
            "--backend",
            choices=[backend.value for backend in Backend],
            default=settings.RUNNER_BACKEND,
            help="what isolates the notebook (default: %(default)s)",
        )

    def _add_limits(self, parser: CommandParser) -> None:
        for name, default in (
            ("--cell-seconds", DEFAULTS.cell_seconds),
            ("--run-seconds", DEFAULTS.run_seconds),
            ("--memory-mb", DEFAULTS.memory_bytes // MEBIBYTE),
            ("--disk-mb", DEFAULTS.disk_bytes // MEBIBYTE),
        ):
            parser.add_argument(
                name,
                type=_limit,
                default=default,
                metavar="N",
                help="default: %(default)s",
            )

    def handle(self, *args: Any, **options: Any) -> None:
        _replace_unknown_characters()
        try:
            request = _request(options)
        except UnusableRequestError as error:
            raise CommandError(str(error), returncode=OUR_FAULT) from error
        try:
            status = run_notebook(
                request,
                target=options["output"],
                interpreter=_interpreter(request.environment),
                backend=Backend(options["backend"]),
                max_notebook_bytes=settings.MAX_NOTEBOOK_BYTES,
            )
        except KeyboardInterrupt:
            self.stderr.write("Stopped.")
            status = SIGNALLED + 2
        sys.exit(status)


def _replace_unknown_characters() -> None:
    """Print “?” for characters that the terminal's encoding does not have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _limit(text: str) -> int:
    """Return a whole number above 0, or raise ArgumentTypeError."""
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"“{text}” is not a whole number above 0")
    return int(text)


def _request(options: dict[str, Any]) -> Request:
    return Request(
        notebook=options["notebook"],
        files=options["files"],
        environment=options["environment"],
        parameters=dict(map(read_parameter, options["parameters"])),
        skip_tags=options["skip_tags"],
        limits=Limits(
            cell_seconds=options["cell_seconds"],
            run_seconds=options["run_seconds"],
            memory_bytes=options["memory_mb"] * MEBIBYTE,
            disk_bytes=options["disk_mb"] * MEBIBYTE,
        ),
        seed=options["seed"],
    )


def _interpreter(environment: str) -> str:
    """Return the environment's interpreter, checked as a worker checks its own.

    Raises CommandError.
    """
    known = settings.RUNNER_ENVIRONMENTS
    if environment not in known:
        names = ", ".join(f"“{name}”" for name in known)
        raise CommandError(
            f"There is no environment “{environment}” here, only {names}. Add it to "
            "RUNNER_ENVIRONMENTS, or name another one.",
            returncode=OUR_FAULT,
        )
    interpreter: str = known[environment]
    if reason := unfit_reason(torch_version(interpreter)):
        where = interpreter or "Softmark's own interpreter"
        raise CommandError(
            f"The environment “{environment}” ({where}): {reason}",
            returncode=OUR_FAULT,
        )
    return interpreter
