"""The entries score as before, for right notebooks and wrong ones."""

from pathlib import Path

import pytest

from runner.host.runner import Runner
from tests.runner.proof.corpus import ENTRIES
from tests.runner.proof.marking import marks_by_runner
from tests.runner.proof.recording import honest, mark

pytestmark = pytest.mark.torch


def test_there_are_enough_entries_of_every_style() -> None:
    styles = [entry.style for entry in ENTRIES.values()]
    assert len(styles) >= 100
    assert min(map(styles.count, set(styles))) >= 8


def test_an_entry_that_does_not_work_says_why() -> None:
    assert all(entry.why for entry in ENTRIES.values() if sum(entry.earns) == 0)


@pytest.mark.parametrize(
    "name",
    [name for name, entry in ENTRIES.items() if not entry.needs_jail],
)
def test_entry_scores_as_expected_in_one_process(name: str, tmp_path: Path) -> None:
    entry = ENTRIES[name]
    for file, content in entry.private_files().items():
        (tmp_path / file).write_bytes(content)
    for notebook, scores in (
        (entry.right, entry.earns),
        (entry.wrong_notebook, entry.loses),
    ):
        found = mark(entry, entry.question(), honest(notebook), tmp_path)
        assert found.scores == scores, found.errors


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=[] if e.needs_jail else [pytest.mark.long])
        for n, e in ENTRIES.items()
    ],
)
def test_entry_scores_as_expected_in_the_runner(
    runner: Runner, name: str, tmp_path: Path
) -> None:
    entry = ENTRIES[name]
    assert marks_by_runner(runner, entry, entry.right, tmp_path) == entry.earns
    wrong = entry.wrong_notebook
    assert marks_by_runner(runner, entry, wrong, tmp_path) == entry.loses
