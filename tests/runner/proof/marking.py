"""Marks an entry by the real runner, or with grader and notebook in one process."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from runner.host.runner import Runner
from runner.protocol.jobs import JobFile, JobSpec
from tests.runner.notebooks import cell, job, job_file, scores
from tests.runner.proof.entries import Entry, defined_in, functions_in, methods_in

_CHECK: Final = cell("# softmark: check q1")


def job_of(entry: Entry, notebook: str, folder: Path, *, salt: int = 0) -> JobSpec:
    """Return the job of an entry's notebook; its files are written to the folder."""
    names, classes = defined_in(entry.right)
    return job(
        notebook,
        _CHECK,
        questions=(entry.question(),),
        test_names=entry.names,
        grading_seed=1,
        defined_names=names,
        defined_classes=classes,
        defined_functions=functions_in(entry.right),
        defined_methods=methods_in(entry.right),
        files=_written(
            folder / "files", {n: make(0) for n, make in entry.files.items()}
        ),
        private_files=_written(folder / "private", entry.private_files(salt)),
    )


def _written(folder: Path, contents: Mapping[str, bytes]) -> tuple[JobFile, ...]:
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return tuple(job_file(folder / name) for name in contents)


def marks_by_runner(
    runner: Runner, entry: Entry, notebook: str, folder: Path
) -> tuple[float, ...]:
    """Return the scores of the entry's checks from the real runner."""
    result = runner.run(job_of(entry, notebook, folder))
    return tuple(scores(result)["q1"])
