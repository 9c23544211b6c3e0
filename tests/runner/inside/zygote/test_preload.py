"""A zygote runs a rehearsal: jobs start faster, and find no trace of it."""

import ctypes
import mmap
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from runner.host.runner import Runner
from runner.system import linux
from tests.runner.inside.zygote.zygote_processes import zygote_pid
from tests.runner.notebooks import job, text

pytestmark = pytest.mark.torch

HUGE: Final = 2 * 1024**2
# Otherwise garbage frozen before the fork is not listed.
LIVING = """
import gc
gc.unfreeze()
gc.collect()
def living(*kinds):
    # By its type's own record, since asking some objects for their class is a warning.
    return [type(one).__name__ for one in gc.get_objects() if issubclass(type(one), kinds)]
"""


def test_a_job_begins_without_a_figure(runner: Runner) -> None:
    source = (
        "import matplotlib.pyplot as plt\n"
        "from matplotlib_inline.backend_inline import show\n"
        "print(plt.get_fignums(), plt.draw_if_interactive.called,\n"
        "      show._to_draw, show._draw_called)"
    )
    assert text(runner.run(job(source))) == "[] False [] False\n"


def test_objects_of_the_rehearsal_are_gone(runner: Runner) -> None:
    source = (
        "import torch, matplotlib.figure\n"
        "print(living(matplotlib.figure.Figure, matplotlib.axes.Axes, torch.nn.Module,\n"
        "             torch.optim.Optimizer, torch.utils.data.DataLoader))"
    )
    assert text(runner.run(job(LIVING, source)), 2) == "[]\n"


def test_the_rehearsal_leaves_no_names_and_no_history(runner: Runner) -> None:
    source = "print({n for n in globals() if n[0] != '_'} - KNOWN, In[:-1], Out)"
    known = "KNOWN = {'KNOWN', 'In', 'Out', 'get_ipython', 'exit', 'quit', 'open'}"
    seen = text(runner.run(job(f"{known}; {source}")))
    assert seen == "set() [''] {}\n"


def test_every_generator_starts_from_the_seed_alone(runner: Runner) -> None:
    """Its state equals that of a new generator: the rehearsal drew no number."""
    source = (
        "import random, numpy as np, torch\n"
        "known, seen = np.random.RandomState(7).get_state(), np.random.get_state()\n"
        "print(random.getstate() == random.Random(7).getstate(),\n"
        "      known[0] == seen[0], (known[1] == seen[1]).all(), known[2:] == seen[2:],\n"
        "      torch.equal(torch.get_rng_state(),\n"
        "                  torch.Generator().manual_seed(7).get_state()))"
    )
    assert text(runner.run(job(source, seed=7))) == " ".join(["True"] * 5) + "\n"


def test_settings_are_those_of_a_fresh_interpreter(runner: Runner) -> None:
    source = (
        "import torch, matplotlib as mpl\n"
        "print(torch.get_default_dtype(), torch.is_grad_enabled(),\n"
        "      torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(),\n"
        "      mpl.rcParams['figure.dpi'] == mpl.rcParamsDefault['figure.dpi'],\n"
        "      sorted(mpl._pylab_helpers.Gcf.figs))"
    )
    assert text(runner.run(job(source))) == "torch.float32 True 1 False True []\n"


def why_no_huge_pages() -> str:
    """Return why the kernel makes no huge pages on demand, or nothing."""
    with mmap.mmap(-1, 2 * HUGE, flags=mmap.MAP_PRIVATE) as memory:
        memory.write(bytes(2 * HUGE))
        view = ctypes.c_char.from_buffer(memory)
        start = ctypes.addressof(view)
        del view
        try:
            linux.use_huge_pages(-(-start // HUGE) * HUGE, HUGE)
        except OSError as error:
            return f"no MADV_COLLAPSE: {error.strerror}"
    return ""


def huge_share(pid: int) -> float:
    """Return the share of the process's own writable memory in huge pages."""
    own = huge = 0
    regions = re.split(r"\n(?=[0-9a-f]+-)", Path(f"/proc/{pid}/smaps").read_text())
    for region in regions:
        head, *lines = region.splitlines()
        _, rights, _, _, _, *name = head.split(maxsplit=5)
        if rights.startswith("rw") and name in ([], ["[heap]"]):
            sizes = dict(line.split(":") for line in lines)
            own += int(sizes["Anonymous"].split()[0])
            huge += int(sizes["AnonHugePages"].split()[0])
    return huge / own


@pytest.fixture(scope="module")
def settled() -> Iterator[int]:
    """Give the number of a zygote with compact memory, which has forked a few jobs."""
    runner = Runner({"default": ""}, spares=0)
    for _ in range(4):
        runner.run(job("1"))
    yield zygote_pid(runner)
    runner.close()


def test_a_zygote_that_rehearsed_has_one_thread(settled: int) -> None:
    assert len(list(Path(f"/proc/{settled}/task").iterdir())) == 1


@pytest.mark.skipif(bool(why_no_huge_pages()), reason=why_no_huge_pages())
def test_a_zygote_s_own_memory_moves_into_huge_pages(settled: int) -> None:
    deadline = time.monotonic() + 30
    while huge_share(settled) < 0.7:
        assert time.monotonic() < deadline
        time.sleep(0.1)
