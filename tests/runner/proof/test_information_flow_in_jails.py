"""As test_information_flow, between two real processes in two jails.

These are the entries with handed-in files, one of each style of the others, and the
example, whose held-out labels are private.
"""

import io
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from formats.assignment import read_bundle
from runner.host.runner import Runner
from runner.protocol.jobs import JobSpec
from tests.examples.marking import EXAMPLE, handed_in, job_of
from tests.runner.notebooks import job_file
from tests.runner.proof import marking
from tests.runner.proof.corpus import ENTRIES
from tests.runner.proof.entries import Literal, with_canaries
from tests.runner.proof.planting import PLANTED, planted_tests
from tests.runner.proof.recording import forms_of, messages_in
from tests.runner.proof.relay import recorded

pytestmark = [pytest.mark.torch, pytest.mark.timeout(300)]

_FIRST: Final = {e.style: n for n, e in reversed(list(ENTRIES.items()))}
_HERE: Final = [n for n, e in ENTRIES.items() if e.needs_jail or n in _FIRST.values()]


def sent(runner: Runner, spec: JobSpec) -> list[list[bytes]]:
    """Return the messages to the snapshot of each question of the job."""
    with recorded() as found:
        result = runner.run(spec)
    assert len(found) == len(spec.questions) == len(result.questions)
    return [messages_in(bytes(one)) for one in found]


def assert_same_without(
    canaries: list[Literal], first: list[list[bytes]], second: list[list[bytes]]
) -> None:
    forms = {form for canary in canaries for form in forms_of(canary)}
    everything = b"".join(b"".join(messages) for messages in first)
    assert everything
    assert [form for form in forms if form in everything] == []
    assert first == second


@pytest.mark.parametrize("name", _HERE)
def test_only_values_that_a_test_passes_leave_its_jail(
    runner: Runner, name: str, tmp_path: Path
) -> None:
    entry = ENTRIES[name]
    found = []
    for salt in (1, 2):
        spec = marking.job_of(entry, entry.right, tmp_path, salt=salt)
        tests, canaries = planted_tests(entry, salt)
        spec = replace(spec, questions=(entry.question(tests),))
        found.append(sent(runner, spec))
    assert_same_without(canaries, found[1], found[0])


def _example(salt: int, folder: Path) -> tuple[JobSpec, list[Literal]]:
    """Return the job of the example with other labels, and canaries in its tests."""
    spec = job_of(read_bundle(EXAMPLE), *handed_in("solution"))
    (private,) = spec.private_files
    with np.load(private.path) as data:
        images, labels = data["images"], data["labels"]
    sink = io.BytesIO()
    np.savez(sink, images=images, labels=(labels + salt) % 10)
    (folder / private.name).write_bytes(sink.getvalue())
    planted, canaries = with_canaries(PLANTED, salt)
    questions = tuple(
        replace(one, source=f"{one.source}\n{planted}") for one in spec.questions
    )
    files = (job_file(folder / private.name),)
    made = replace(spec, private_files=files, questions=questions, grading_seed=1)
    return made, canaries


def test_the_example_s_labels_stay_with_its_tests(
    runner: Runner, tmp_path: Path
) -> None:
    found = []
    for salt in (1, 2):
        spec, canaries = _example(salt, tmp_path)
        found.append(sent(runner, spec))
    assert_same_without(canaries, found[1], found[0])
