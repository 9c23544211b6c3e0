"""Makes a job from local files, checked like an upload; nothing is executed."""

import hashlib
import io
import os
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from formats.importing import options
from formats.kinds import Kind, kind_of
from formats.notebook.assignment_context import AssignmentContext
from formats.notebook.normalise import readable_notebook
from formats.notebook.opened_files import find_missing_files
from formats.problems import Problem
from formats.submission_words import problem
from runner.protocol.jobs import JobFile, JobSpec, Limits, Scalar
from submissions.file_checks import FileRule, check_file


class UnusableRequestError(Exception):
    """The request cannot be run. `str` says what to do."""


class RefusedFileError(Exception):
    """The content of a file cannot be run; `problems` say why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(problem.code for problem in self.problems))


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to run: `files` will lie beside the notebook under their own names."""

    notebook: Path
    files: Sequence[Path] = ()
    environment: str = "default"
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    skip_tags: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class ReadyJob:
    """A job, and what the notebook's author may want to know before it runs."""

    spec: JobSpec
    warnings: tuple[Problem, ...]


def read_request(request: Request, *, max_notebook_bytes: int) -> ReadyJob:
    """Return the job. Raises UnusableRequestError, and RefusedFileError as an upload would."""
    names = _names(request)
    context = AssignmentContext(
        skip_tags=request.skip_tags, parameters=dict(request.parameters)
    )
    data, warnings = _read_notebook(request.notebook, max_notebook_bytes, context)
    spec = JobSpec(
        job_id=f"local-{secrets.token_hex(6)}",
        environment=request.environment,
        notebook=readable_notebook(data),
        notebook_name=request.notebook.name,
        files=tuple(_job_file(path) for path in request.files),
        limits=_checked(request.limits),
        seed=request.seed,
        skip_tags=tuple(request.skip_tags),
        parameters=dict(request.parameters),
    )
    opened = find_missing_files(
        data, name=spec.notebook_name, present=names, context=context
    )
    return ReadyJob(spec=spec, warnings=(*warnings, *opened))


def _names(request: Request) -> list[str]:
    """Return the names of the files in the notebook's folder when it runs.

    Raises UnusableRequestError if two files have the same name.
    """
    names = [path.name for path in (request.notebook, *request.files)]
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise UnusableRequestError(
            f"{times} files have the name “{name}”, but all files are in one folder "
            "when the notebook runs. Give each file its own name."
        )
    return names


def _read_notebook(
    path: Path, max_bytes: int, context: AssignmentContext
) -> tuple[bytes, tuple[Problem, ...]]:
    """Return the notebook's bytes, and warnings about it."""
    with _open(path) as content:
        rule = FileRule(name=path.name, kind="notebook", max_bytes=max_bytes)
        findings = check_file(content, rule, context=context)
        if findings.problems:
            raise RefusedFileError(findings.problems)
        content.seek(0)
        return content.read(), findings.warnings


def _job_file(path: Path) -> JobFile:
    with _open(path) as content:
        if kind_of(content) is Kind.LFS_POINTER:
            raise RefusedFileError([problem("lfs_pointer", file=path.name)])
        content.seek(0)
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        size = content.seek(0, os.SEEK_END)
    return JobFile(name=path.name, path=str(path.resolve()), sha256=digest, size=size)


def _open(path: Path) -> io.BufferedReader:
    if path.is_dir():
        raise UnusableRequestError(f"{path} is a folder. Name a file in it.")
    if path.exists() and not path.is_file():
        raise UnusableRequestError(f"{path} is not a file that can be read twice.")
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise UnusableRequestError(
            f"There is no file {path}. Names are relative to {Path.cwd()}."
        ) from None
    except OSError as error:
        raise UnusableRequestError(
            f"{path} cannot be read: {error.strerror}."
        ) from error


def _checked(limits: Limits) -> Limits:
    if limits.cell_seconds > limits.run_seconds:
        raise UnusableRequestError(
            f"A cell may take {limits.cell_seconds:g} s, but the whole run only "
            f"{limits.run_seconds:g} s. Give --run-seconds too."
        )
    return limits


def read_parameter(text: str) -> tuple[str, Scalar]:
    """Return name and value of `NAME=VALUE`. Raises UnusableRequestError."""
    try:
        return options.read_parameter(text)
    except options.OptionError as error:
        raise UnusableRequestError(str(error)) from error
