"""What `manage.py run_notebook` does, from the request to the report."""

import sys
from dataclasses import dataclass
from typing import Final, TextIO

from portal.local_run.executing import JobEnd, run_job
from portal.local_run.inputs import (
    ReadyJob,
    RefusedFileError,
    Request,
    UnusableRequestError,
    read_request,
)
from portal.local_run.output import Output
from portal.local_run.progress_bar import ProgressBar, is_coloured
from portal.local_run.run_report import problems_in_words, report
from runner.host.runner import Backend
from runner.protocol.jobs import Verdict

COMPLETED: Final = 0
NOTEBOOKS_FAULT: Final = 1
OUR_FAULT: Final = 2
# Shells use this number and the signal's: 130 after Ctrl-C.
SIGNALLED: Final = 128


@dataclass(frozen=True, kw_only=True)
class Screen:
    """The output streams: `out` for report and notebook, `err` for progress."""

    out: TextIO
    err: TextIO


def run_notebook(
    request: Request,
    *,
    target: str,
    interpreter: str,
    backend: Backend,
    max_notebook_bytes: int,
    screen: Screen | None = None,
) -> int:
    """Run the notebook, write it with its outputs, and return the exit status."""
    screen = screen or Screen(out=sys.stdout, err=sys.stderr)
    try:
        output = Output(target, notebook=request.notebook, out=screen.out)
        ready = read_request(request, max_notebook_bytes=max_notebook_bytes)
        screen.err.write(problems_in_words(ready.warnings))
        ended = _execute(ready, interpreter, backend, screen.err)
        _finish(ended, ready, output, screen)
    except UnusableRequestError as error:
        screen.err.write(f"{error}\n")
        return OUR_FAULT
    except RefusedFileError as error:
        screen.err.write(f"Not run.\n{problems_in_words(error.problems)}")
        return NOTEBOOKS_FAULT
    return _status(ended)


def _execute(
    ready: ReadyJob, interpreter: str, backend: Backend, err: TextIO
) -> JobEnd:
    bar = ProgressBar(err)
    try:
        return run_job(
            ready.spec, interpreter=interpreter, backend=backend, on_event=bar.take
        )
    finally:
        bar.close()


def _finish(ended: JobEnd, ready: ReadyJob, output: Output, screen: Screen) -> None:
    """Write the executed notebook if there is one, and then the report."""
    result = ended.result
    written = output.write(result.notebook) if result.notebook else ""
    to = screen.err if output.is_stream else screen.out
    words = report(
        result,
        limits=ready.spec.limits,
        written=written,
        is_coloured=is_coloured(to),
    )
    to.write(words)
    to.flush()


def _status(ended: JobEnd) -> int:
    verdict = ended.result.verdict
    if verdict is Verdict.CANCELLED:
        return SIGNALLED + ended.signal
    if verdict is Verdict.PLATFORM:
        return OUR_FAULT
    return COMPLETED if verdict is Verdict.COMPLETED else NOTEBOOKS_FAULT
