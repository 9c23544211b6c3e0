"""Rows 15, 27, 32 to 34 and 82 to 101: both jails give equal verdicts and reports."""

from typing import Final

import pytest

from runner.protocol.jobs import Verdict
from tests.runner.corpus.attack import Attack
from tests.runner.corpus.attacks.batches import (
    AT_ONCE,
    DYING,
    FOR_THE_NEXT,
    WITH_FILES,
)
from tests.runner.corpus.bench import Bench
from tests.runner.corpus.parameters import attacks
from tests.runner.corpus.places import OWN_SOURCE
from tests.runner.corpus.prelude import read_report
from tests.runner.corpus.verdicts import ending_of
from tests.runner.host import test_held_snapshots
from tests.runner.jail.test_shared_state import TOUCH
from tests.runner.notebooks import job, messages, outputs, question, scores, text

# Long: bubblewrap starts an interpreter for each job, and two for a graded one.
pytestmark = [pytest.mark.torch, pytest.mark.long, pytest.mark.xdist_group("bwrap")]

# The answer of our own jail, that of bubblewrap's, and why neither is weaker.
RUNNER: Final = (
    "ENOENT",
    OWN_SOURCE,
    "the program that begins a job is there, and shut",
)
PROC: Final = ("EROFS", "EACCES", "/proc is not read only, so Landlock says no")
MASK: Final = ("nothing", "EACCES", "covered by a device that Landlock does not list")
TTY: Final = ("ENOENT", "EACCES", "bubblewrap's /dev has one, which Landlock shuts")
DIFFERENCES: Final[dict[str, tuple[str, str, str]]] = {
    "27-known-paths runner": RUNNER,
    "82-files-of-the-host runner": RUNNER,
    "93-files-of-the-kernel /proc/kmsg": MASK,
    "93-files-of-the-kernel /proc/self/setgroups": PROC,
    "93-files-of-the-kernel /proc/self/uid_map": PROC,
    "93-files-of-the-kernel /proc/timer_list": MASK,
    "95-terminals terminal": TTY,
}


@attacks(AT_ONCE, FOR_THE_NEXT, WITH_FILES, *DYING)
def test_both_jails_give_the_same_answers(
    bench: Bench, bwrap_bench: Bench, attack: Attack
) -> None:
    ours = bench.run_attack(attack, alone=True)
    # Each jail is new, so one honest control after the longest attack is enough.
    theirs = bwrap_bench.run_attack(attack, alone=attack is not AT_ONCE)
    assert ending_of(theirs.result) == ending_of(ours.result)
    one, other = read_report(ours.result), read_report(theirs.result)
    found = {name: (one[name], other[name]) for name in one if one[name] != other[name]}
    assert found == {
        name: (expected, other_expected)
        for name, (expected, other_expected, _why) in DIFFERENCES.items()
        if name in one
    }


def test_a_job_cannot_change_a_device_s_times(bwrap_bench: Bench) -> None:
    result = bwrap_bench.runner.run(job(TOUCH))
    assert (result.code, text(result)) == ("completed", "")


NET: Final = """
import torch
net = torch.nn.Linear(2, 1)
optimiser = torch.optim.Adam(net.parameters())
net(torch.ones(4, 2)).mean().backward()
optimiser.step()
torch.save(net.state_dict(), "net.pt")
sorted(torch.load("net.pt"))
"""
FIGURE: Final = "import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.show()"


def test_a_cold_jail_trains_a_network_and_draws_a_figure(
    bench: Bench, bwrap_bench: Bench
) -> None:
    """A cold process first imports what a zygote has preloaded."""
    spec = job(NET, FIGURE)
    warm, cold = bench.runner.run(spec), bwrap_bench.runner.run(spec)
    assert cold.verdict == warm.verdict == Verdict.COMPLETED
    assert outputs(cold, 1) == outputs(warm, 1)
    assert [set(one["data"]) for one in outputs(cold, 2)] == [
        set(one["data"]) for one in outputs(warm, 2)
    ]


def test_a_cold_jail_hides_waiting_snapshots_too(bwrap_bench: Bench) -> None:
    """Its first process has mounts of its own, in which it covers their entries."""
    asked = (
        question("q1", "def check(solve): assert not solve()\n"),
        test_held_snapshots.QUESTIONS[1],
    )
    for source in (test_held_snapshots.READS_MEMORY, test_held_snapshots.REACHES):
        cells = (source, test_held_snapshots.ONE, test_held_snapshots.GIVEN)
        spec = job(*cells, test_held_snapshots.TWO, questions=asked)
        result = bwrap_bench.runner.run(spec)
        assert scores(result) == {"q1": [1.0], "q2": [1.0]}, messages(result)
