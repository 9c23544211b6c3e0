"""A test's own workers exchange pickles; other bytes do not pass for theirs."""

import io
import secrets
import threading

import pytest

from runner.host.runner import Runner
from runner.inside.grader import guard
from runner.inside.grader.workers import Seals
from runner.protocol.jobs import CheckSpec, JobResult, QuestionSpec
from tests.runner.notebooks import all_scores, cell, job, marked

pytestmark = pytest.mark.torch

NOTEBOOK = """
import os, pickle, torch
from multiprocessing.reduction import ForkingPickler
class Evil:
    def __reduce__(self): return os.mkdir, ("hit",)
def evil(): return bytes(ForkingPickler.dumps(Evil())) + bytes(32)
def square(x): return x * x
class Digits(torch.utils.data.Dataset):
    def __len__(self): return 4
    def __getitem__(self, n): return torch.tensor(float(n))
digits, net = Digits(), torch.nn.Linear(1, 1)
"""
NAMES = ("evil", "square", "digits", "net", "Digits")
LOADER = (
    "import torch\nfrom torch.utils.data import DataLoader, TensorDataset\n"
    "own = TensorDataset(torch.arange(8.0)[:, None])\n"
)
POOL = (
    "import multiprocessing as mp\nfrom concurrent.futures import ProcessPoolExecutor\n"
    "def double(x): return 2 * x\n"
)
HONEST = {
    "a loader, and the student's model in its loop": LOADER
    + "out = [net(x).shape for (x,) in DataLoader(own, batch_size=2, num_workers=2)]\n"
    "assert out == [(2, 1)] * 4",
    "a loader, spawned": LOADER + "one = DataLoader(own, num_workers=1, "
    "multiprocessing_context='spawn')\nassert sum(x.item() for (x,) in one) == 28",
    "the student's data, taken first": LOADER + "x = [digits[n] for n in range(4)]\n"
    "assert sum(b.item() for b in DataLoader(x, num_workers=1)) == square(2) + 2",
    "an executor": POOL + "with ProcessPoolExecutor(2) as pool:\n"
    "    assert list(pool.map(double, [1, square(2)])) == [2, 8]",
    "a pool": POOL
    + "with mp.Pool(2) as pool: assert pool.map(double, [1, 2]) == [2, 4]",
    "a spawned pool": POOL + "with mp.get_context('spawn').Pool(2) as pool:\n"
    "    assert pool.map(double, [1, 2]) == [2, 4]",
    "torch's pool": POOL + "import torch\nwith torch.multiprocessing.Pool(2) as pool:\n"
    "    assert pool.map(double, [torch.ones(2)])[0].sum() == 4",
    "a queue": POOL + "q = mp.Queue()\np = mp.Process(target=q.put, args=({1.5},))\n"
    "p.start()\nassert q.get() == {1.5}\np.join()",
    "a manager": POOL + "with mp.Manager() as m:\n    d = m.dict(a=1)\n"
    "    assert d.copy() == {'a': 1}",
    "one process that asks": POOL + "q = mp.SimpleQueue()\n"
    "p = mp.Process(target=lambda: q.put(square(3)))\np.start()\np.join()\n"
    "assert q.get() == 9",
    "an error in a worker": POOL + "with ProcessPoolExecutor(1) as pool:\n"
    "    try: pool.submit(double, {}).result()\n    except TypeError: assert True\n"
    "    else: assert False",
    "joblib": "from joblib import Parallel, delayed\nimport math\n"
    "assert Parallel(n_jobs=2)(delayed(math.sqrt)(n) for n in (1, 4)) == [1, 2]",
    "sklearn": "from sklearn.model_selection import cross_val_score\n"
    "from sklearn.linear_model import LogisticRegression\nimport numpy as np\n"
    "x = np.arange(60.0)[:, None]\ny = np.arange(60) % 2\n"
    "assert len(cross_val_score(LogisticRegression(), x, y, n_jobs=2)) == 5",
}
ASKING = "cannot use the notebook"
OBJECTS = "cannot be sent to a worker"
REFUSED = {
    "a loader of the student's data": (
        LOADER + "assert len(list(DataLoader(digits, num_workers=2))) == 4",
        ASKING,
    ),
    "the same, caught": (
        LOADER + "try: list(DataLoader(digits, num_workers=2))\nexcept Exception: pass",
        ASKING,
    ),
    "a loader that gives the student's objects": (
        LOADER + "kept = Digits()\nclass Mine(torch.utils.data.Dataset):\n"
        "    def __len__(self): return 1\n    def __getitem__(self, n): return kept\n"
        "list(DataLoader(Mine(), num_workers=1, collate_fn=lambda x: x))",
        OBJECTS,
    ),
    "an executor of the student's function": (
        POOL + "with ProcessPoolExecutor(1) as pool: list(pool.map(square, [1]))",
        OBJECTS,
    ),
    "a worker that asks": (
        POOL + "def ask(x): return square(x)\n"
        "with ProcessPoolExecutor(1) as pool:\n    try: list(pool.map(ask, [1]))\n"
        "    except Exception: pass",
        ASKING,
    ),
    "a pool whose worker asks": (
        POOL + "def ask(x): return square(x)\nwith mp.Pool(2) as pool:\n"
        "    try: pool.map(ask, [1])\n    except Exception: pass",
        ASKING,
    ),
    "loky": (
        POOL + "from joblib.externals.loky import ProcessPoolExecutor as Loky\n"
        "Loky(1).submit(double, 2).result()",
        "n_jobs=1",
    ),
}
# Each would make the folder `hit` if it ran the code in the student's bytes.
EXECUTED = "\nfinally: assert not os.path.exists('hit'), 'executed'"
READS = {
    "as multiprocessing reads": "ForkingPickler.loads(evil())",
    "with a seal of another's": (
        "ForkingPickler.loads(evil()[:-32] + bytes(ForkingPickler.dumps([1]))[-32:])"
    ),
    "by a pipe": "a, b = mp.Pipe(); a.send_bytes(evil()); b.recv()",
    "by a queue": "q = mp.SimpleQueue(); q._writer.send_bytes(evil()); q.get()",
    "by a spawned pool": "mp.get_context('spawn').Pool(1).apply(load, (evil(),))",
    "by an executor": "ProcessPoolExecutor(1).submit(load, evil()).result()",
}


def run(runner: Runner, check: str) -> JobResult:
    return marked(runner, NOTEBOOK, check, defined_names=NAMES)


def trace(result: JobResult) -> str:
    return result.questions[0].checks[0].trace


@pytest.mark.parametrize("check", HONEST.values(), ids=HONEST)
def test_pickles_of_the_test_s_own_workers_are_read(runner: Runner, check: str) -> None:
    result = run(runner, check)
    assert all_scores(result) == [1.0], trace(result)


def test_a_test_module_s_functions_and_classes_reach_its_workers(
    runner: Runner,
) -> None:
    source = (
        f"{POOL}class Own:\n    def __init__(self, x): self.x = x\n"
        "def check(square):\n    with ProcessPoolExecutor(1) as pool:\n"
        "        made = pool.submit(Own, square(2)).result()\n"
        "        assert type(made) is Own and made.x == 4\n"
    )
    asked = QuestionSpec(key="q1", source=source, checks=(CheckSpec(name="check"),))
    cells = (NOTEBOOK, cell("# softmark: check q1"))
    result = runner.run(job(*cells, questions=(asked,), defined_names=NAMES))
    assert all_scores(result) == [1.0], trace(result)


@pytest.mark.parametrize("name", REFUSED)
def test_unsupported_uses_of_workers_are_refused_in_words(
    runner: Runner, name: str
) -> None:
    check, words = REFUSED[name]
    result = run(runner, check)
    assert all_scores(result) == [0.0]
    assert words in trace(result)


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_the_student_s_bytes_do_not_pass_for_a_worker_s(
    runner: Runner, read: str
) -> None:
    start = "import os, pickle\nfrom multiprocessing.reduction import ForkingPickler\n"
    load = "def load(data): return pickle.loads(data)\n"
    check = f"{start}{POOL}{load}try:\n    {read}{EXECUTED}"
    result = run(runner, check)
    assert all_scores(result) == [0.0]
    assert "executed" not in trace(result)


def test_a_seal_is_known_only_with_its_key() -> None:
    """The notebook's process is forked from the same zygote as the grader."""
    pickled = io.BytesIO(b"abc")
    pickled.seek(0, io.SEEK_END)
    seals = Seals()
    seals.seal(pickled)
    sealed = pickled.getvalue()
    assert bytes(seals.content(sealed) or b"") == b"abc"
    assert Seals().content(sealed) is None
    assert seals.content(b"xyz" + sealed[3:]) is None
    assert seals.content(secrets.token_bytes(8)) is None


def test_one_thread_s_unpickling_is_not_trusted_in_another() -> None:
    found: list[list[str]] = []
    thread = threading.Thread(target=lambda: found.append([*guard._trust.what]))
    with guard._trusted():
        thread.start()
        thread.join()
        found.append([*guard._trust.what])
    assert found == [[], ["arrays"]]
