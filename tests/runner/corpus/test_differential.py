"""Rows 15, 27, 32 to 34 and 82 to 101 in both jails: the same verdicts, the same reports."""

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
from tests.runner.jail.test_shared_state import TOUCH
from tests.runner.notebooks import job, outputs, text

# Long: an interpreter starts for each job of bubblewrap's, and twice for a graded one.
pytestmark = [pytest.mark.torch, pytest.mark.long, pytest.mark.xdist_group("bwrap")]

# What our own jail says, what bubblewrap's says, and why that is no weakness.
RUNNER: Final = (
    "ENOENT",
    OWN_SOURCE,
    "the program that begins a job is there, and shut",
)
TOP: Final = ("EROFS", "EACCES", "the root is writable memory that Landlock shuts")
PROC: Final = ("EROFS", "EACCES", "/proc is not read only, so Landlock says no")
MASK: Final = ("nothing", "EACCES", "covered by a device that Landlock does not list")
TTY: Final = ("ENOENT", "EACCES", "bubblewrap's /dev has one, which Landlock shuts")
DIFFERENCES: Final[dict[str, tuple[str, str, str]]] = {
    "27-known-paths runner": RUNNER,
    "82-files-of-the-host runner": RUNNER,
    "83-writing-to-the-installation /": TOP,
    "83-writing-to-the-installation /etc": TOP,
    "93-files-of-the-kernel /proc/kmsg": MASK,
    "93-files-of-the-kernel /proc/self/setgroups": PROC,
    "93-files-of-the-kernel /proc/self/uid_map": PROC,
    "93-files-of-the-kernel /proc/timer_list": MASK,
    "95-terminals terminal": TTY,
}


@attacks(AT_ONCE, FOR_THE_NEXT, WITH_FILES, *DYING)
def test_both_jails_answer_alike(
    bench: Bench, bwrap_bench: Bench, attack: Attack
) -> None:
    ours = bench.run_attack(attack, alone=True)
    # In a jail that is new each time, one honest control after the longest will do.
    theirs = bwrap_bench.run_attack(attack, alone=attack is not AT_ONCE)
    assert ending_of(theirs.result) == ending_of(ours.result)
    one, other = read_report(ours.result), read_report(theirs.result)
    found = {name: (one[name], other[name]) for name in one if one[name] != other[name]}
    assert found == {
        name: (expected, other_expected)
        for name, (expected, other_expected, _why) in DIFFERENCES.items()
        if name in one
    }


def test_a_device_s_times_take_no_word_to_another_job(bwrap_bench: Bench) -> None:
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


def test_a_net_is_trained_and_a_figure_drawn_cold(
    bench: Bench, bwrap_bench: Bench
) -> None:
    """What a warm process has rehearsed, a cold one imports when it is asked for."""
    spec = job(NET, FIGURE)
    warm, cold = bench.runner.run(spec), bwrap_bench.runner.run(spec)
    assert cold.verdict == warm.verdict == Verdict.COMPLETED
    assert outputs(cold, 1) == outputs(warm, 1)
    assert [set(one["data"]) for one in outputs(cold, 2)] == [
        set(one["data"]) for one in outputs(warm, 2)
    ]
