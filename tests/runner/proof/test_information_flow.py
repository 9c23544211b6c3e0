"""Of all that a test holds, only values that it passes reach the snapshot.

Every entry runs twice, with different canaries in all that its tests hold and do not
pass: literals, names, closures, defaults, docstrings, private files. The bytes that the
grader sends must hold none of them, and must be the same both times: then they cannot
depend on them in any form. First an honest snapshot answers, then a greedy one, to
which tests give what they would give to an object that was made to collect it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from runner.protocol.jobs import TestStyle
from tests.runner.inside.grader import test_test_styles as styles
from tests.runner.proof.cells_operands import OPERANDS
from tests.runner.proof.corpus import ENTRIES
from tests.runner.proof.entries import Entry
from tests.runner.proof.files import npy, numbers
from tests.runner.proof.planting import PLANTED, planted_tests
from tests.runner.proof.recording import (
    SnapshotMaker,
    forms_of,
    greedy,
    honest,
    mark,
    messages_in,
)

pytestmark = [
    pytest.mark.torch,
    # A greedy snapshot makes tests divide by nothing, and numpy says so.
    pytest.mark.filterwarnings("ignore"),
]

_ONE_PROCESS: Final = {n: e for n, e in ENTRIES.items() if not e.needs_jail}
SNAPSHOTS: Final[dict[str, Callable[[Entry], SnapshotMaker]]] = {
    "honest": lambda entry: honest(entry.right),
    "greedy": lambda _: greedy,
}


def _own(style: TestStyle, *tests: str) -> Entry:
    return Entry(
        style=style, right=styles.WORK, wrong=("2 *", "3 *"), tests="# %%\n".join(tests)
    )


# The tests of tests/runner, which were written for other purposes.
OURS: Final = {
    "scripts": _own(TestStyle.SCRIPT, *(f"{s}\n" for s, *_ in styles.SCRIPTS)),
    "doctests": _own(TestStyle.DOCTEST, *(f"{s}\n" for s, _ in styles.DOCTESTS)),
    "cases": _own(TestStyle.CASES, styles.CASES),
    "helpers": _own(
        TestStyle.SCRIPT,
        "from softmark import expect\nexpect(double(2), 71, message='planted')\n",
        "import softmark\nsoftmark.metric('planted', double(2), at_least=71)\n",
        "from softmark import expect\nexpect(numbers, [71, double(3), 'planted'])\n",
        "from softmark import show\nshow(double(numbers), caption='planted')\n",
    ),
}


def sent_for(
    entry: Entry, snapshot: str, folder: Path, salt: int, planted: str = PLANTED
) -> tuple[list[bytes], list[bytes]]:
    """Return the messages to the snapshot, and the canaries found in them."""
    for name, content in entry.private_files(salt).items():
        (folder / name).write_bytes(content)
    tests, canaries = planted_tests(entry, salt, planted)
    made = SNAPSHOTS[snapshot](entry)
    sent = bytes(mark(entry, entry.question(tests), made, folder).sent)
    forms = [form for canary in canaries for form in forms_of(canary)]
    return messages_in(sent), [form for form in forms if form in sent]


def assert_nothing_else_crosses(entry: Entry, snapshot: str, folder: Path) -> None:
    first, leaked = sent_for(entry, snapshot, folder, 1)
    assert leaked == []
    assert not [one for one in first if b"lanted" in one]
    second, _ = sent_for(entry, snapshot, folder, 2)
    assert first == second


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
@pytest.mark.parametrize("name", _ONE_PROCESS)
def test_only_values_that_a_test_passes_reach_the_snapshot(
    name: str, snapshot: str, tmp_path: Path
) -> None:
    assert_nothing_else_crosses(ENTRIES[name], snapshot, tmp_path)


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
@pytest.mark.parametrize("name", OURS)
def test_only_values_that_our_own_tests_pass_reach_the_snapshot(
    name: str, snapshot: str, tmp_path: Path
) -> None:
    assert_nothing_else_crosses(OURS[name], snapshot, tmp_path)


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
@pytest.mark.parametrize("name", OPERANDS)
def test_an_operand_sends_only_the_part_that_it_shows(
    name: str, snapshot: str, tmp_path: Path
) -> None:
    assert_nothing_else_crosses(OPERANDS[name], snapshot, tmp_path)


PASSED: Final = {
    "a number": "take(⟦1⟧)",
    "a float": "take(⟦0.5⟧)",
    "text": "take(⟦'x'⟧)",
    "an index": "take[⟦'x'⟧]",
    "an attribute": "getattr(take, ⟦'x'⟧, 0)",
    "a list in a dictionary": "take({'a': [⟦1⟧]})",
    "a keyword": "take(**{⟦'x'⟧: 1})",
    "whole numbers of an array": "take(numpy.full(3, ⟦1⟧))",
    "an array": "take(numpy.full(3, ⟦0.5⟧))",
    "single precision": "take(numpy.full(3, ⟦0.5⟧, dtype='f4'))",
    "a tensor": "take(torch.full((3,), ⟦0.5⟧))",
    "whole numbers of a tensor": "take(torch.full((3,), ⟦1⟧))",
}


@pytest.mark.parametrize("name", PASSED)
def test_a_canary_that_is_passed_is_found(name: str, tmp_path: Path) -> None:
    """Otherwise the tests above could pass by searching in the wrong place."""
    entry = Entry(
        style=TestStyle.FUNCTIONS,
        right="class Take:\n    def __call__(self, *given, **named): return 0\n"
        "    def __getitem__(self, key): return 0\ntake = Take()",
        wrong=("0", "1"),
        tests=f"import numpy, torch\ndef check(take):\n    {PASSED[name]}\n",
    )
    first, leaked = sent_for(entry, "honest", tmp_path, 1, planted="")
    second, _ = sent_for(entry, "honest", tmp_path, 2, planted="")
    assert leaked
    assert first != second


def test_private_data_that_is_passed_is_found(tmp_path: Path) -> None:
    entry = Entry(
        style=TestStyle.FUNCTIONS,
        right="def take(x): return 0",
        wrong=("0", "1"),
        tests="import numpy\ndef check(take, private):\n"
        "    take(numpy.load(private / 'x.npy'))\n",
        private={"x.npy": npy(lambda salt: numbers(salt, 5))},
    )
    first, second = (sent_for(entry, "honest", tmp_path, n)[0] for n in (1, 2))
    assert first != second
