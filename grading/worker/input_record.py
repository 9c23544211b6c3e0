"""The record of a run's inputs, so that its result can be produced again.

What the machine adds (seed, threads, versions, hardware, level) is in
`GradingRun.measures`; this record has what the portal gave to the run.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from courses.models import AssignmentRevision
from grading.models import GradingRun, RunnerEnvironment
from grading.worker.run_files import RunFile, files_of_run
from runner.protocol.jobs import VERSION


@dataclass(frozen=True, kw_only=True)
class InputRecord:
    """Everything on which a result depends, apart from the machine.

    `bundle_sha256` stands for the bundle, which contains seed, parameters, limits,
    tests and private data. `grading_seed` is the run's secret seed, for staff alone;
    None where the tests had none. `environment_sha256` is a hash of the versions of the
    interpreter and all packages, as a worker last reported them; "" where none has.
    """

    revision: int = 0
    bundle_sha256: str = ""
    seed: int = 0
    grading_seed: int | None = None
    environment: str = ""
    python: str = ""
    environment_sha256: str = ""
    runner: int = 0
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """A hash of the inputs, or "" where not all of them are known."""
        known = self.bundle_sha256 and self.environment_sha256 and self.files
        if not known or self.grading_seed is None:
            return ""
        # The revision's number says when a bundle was imported, not what is in it.
        content = self.to_json() | {"revision": 0}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def for_students(self) -> "InputRecord":
        """The part of the record that the author of the work may see."""
        return InputRecord(
            revision=self.revision, environment=self.environment, python=self.python
        )

    def to_json(self) -> dict[str, Any]:
        """Return a plain object."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the record that `to_json` wrote; an empty object is no record."""
        return cls(**data)


def input_record(run: GradingRun) -> InputRecord:
    """Return the run's inputs, with the environment as it is known now."""
    return record_of(
        run.revision,
        files_of_run(run),
        known_environment(run.revision.environment),
        grading_seed=run.grading_seed,
    )


def known_environment(name: str) -> RunnerEnvironment | None:
    """Return what a worker reported of the environment, or None."""
    return RunnerEnvironment.objects.filter(name=name).first()


def record_of(
    revision: AssignmentRevision,
    files: tuple[RunFile, ...],
    environment: RunnerEnvironment | None,
    *,
    grading_seed: int | None,
) -> InputRecord:
    """Return the record of these files, run by this revision in this environment."""
    return InputRecord(
        revision=revision.number,
        bundle_sha256=revision.bundle_sha256,
        seed=revision.seed,
        grading_seed=grading_seed,
        environment=revision.environment,
        python=environment.python if environment else "",
        environment_sha256=_versions_sha256(environment),
        runner=VERSION,
        files={file.name: file.sha256 for file in files},
    )


def _versions_sha256(environment: RunnerEnvironment | None) -> str:
    if environment is None:
        return ""
    told = [environment.python, environment.packages, environment.level]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
