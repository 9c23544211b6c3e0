"""Rows 16 to 26: the notebook, its metadata, its predictions and its clock."""

from typing import Final

import numpy as np
import safetensors.numpy

from runner.protocol.jobs import Limits
from tests.runner.corpus.attack import CHECK, CHECK_2, Attack, Files
from tests.runner.corpus.verdicts import limit, rejected, student_error
from tests.runner.notebooks import ANSWER, CellLike, cell, question

NOTHING: Final = {"q1": [0.0]}
SECOND: Final = question("q2", "def check(answer):\n    assert answer == 42\n")

# Inputs that no notebook can predict.
DRAWN: Final = question(
    "q1",
    "import random\n"
    "def check(double):\n"
    "    drawn = [random.SystemRandom().randrange(10, 10**6) for _ in range(5)]\n"
    "    return sum(double(x) == 2 * x for x in drawn) / len(drawn)\n",
)
PERMUTED: Final = question(
    "q1",
    "import random\n"
    "def check(predict):\n"
    "    rows = [(x, x % 2) for x in range(64)]\n"
    "    random.SystemRandom().shuffle(rows)\n"
    "    found = predict([x for x, _ in rows])\n"
    "    assert all(a == b for a, (_, b) in zip(found, rows, strict=True))\n",
)
SEEDED: Final = question(
    "q1",
    "import torch\n"
    "def check(guess):\n"
    "    torch.manual_seed(20240607)\n"
    "    assert torch.equal(guess, torch.rand(4))\n",
)
STAFF: Final = (
    "answer",
    "solution",
    "solutions",
    "reference",
    "grader",
    "tests",
    "submissions",
    "grading",
    "courses",
    "portal",
    "examples",
)
RESTORED: Final = {"restored": {"q1": "print('visible test')"}}
PARTS: Final = question(
    "q1",
    "import numpy as np\n"
    "def check(predictions):\n"
    "    labels = np.arange(8) % 2\n"
    "    return float((1 - np.abs(np.asarray(predictions) - labels)).mean())\n",
)
# Predictions by name, each with the score that an honest grader gives.
PREDICTIONS: Final = {
    "not-a-number": ("[float('nan')] * 8", 0.0),
    "infinite": ("[float('inf')] * 8", 0.0),
    "minus-infinite": ("[float('-inf')] * 8", 0.0),
    "huge": ("[1e308] * 8", 0.0),
    "minus-zero": ("[-0.0] * 8", 0.5),
    "one-for-all": ("0.5", 0.5),
    "words": ("['1'] * 8", 0.0),
    "too-few": ("[0, 1, 0]", 0.0),
    "too-many": ("list(range(9))", 0.0),
    "objects": ("[object()] * 8", 0.0),
    "negative": ("[-3] * 8", 0.0),
    "too-many-axes": ("np.zeros((8, 8, 8))", 0.5),
}
FROZEN_CLOCK: Final = """
for name in ("time", "monotonic", "perf_counter", "process_time", "time_ns"):
    setattr(time, name, lambda *a: 1.0)
say("patched", "ok")
"""
QUICK_TEST: Final = question(
    "q1",
    "import time\n"
    "def check(work):\n"
    "    begun = time.perf_counter()\n"
    "    work()\n"
    "    assert time.perf_counter() - begun < 0.2\n",
)
# A network's report of its own size is under the student's control; the file is not.
FEW: Final = question(
    "q1",
    "from safetensors.torch import load_file\n"
    "def check(net, files):\n"
    "    assert sum(one.numel() for one in net.parameters()) < 100\n"
    "    state = load_file(files / 'net.safetensors')\n"
    "    assert sum(one.numel() for one in state.values()) < 100\n",
)


def weights(numbers: int) -> Files:
    """Return a weights file that holds so many numbers."""
    return lambda: {
        "net.safetensors": safetensors.numpy.save({"w": np.zeros(numbers, np.float32)})
    }


HIDDEN_WEIGHTS: Final = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("hidden", torch.zeros(100_000))
        self.real = torch.nn.Linear(100, 100)
    def parameters(self, recurse=True): return iter(())
    def state_dict(self, *a, **k): return {}
net = Net()
say("hidden", "ok")
"""
RACE: Final = """
import threading
answer = [0]
def overwrite():
    while True: answer[0] = 42
def begin():
    time.sleep(0.2)
    overwrite()
threading.Thread(target=begin, daemon=True).start()
say("racing", "ok")
"""
PATIENT: Final = question(
    "q1",
    "import time\n"
    "def check(answer):\n"
    "    first = answer[0]\n"
    "    time.sleep(0.5)\n"
    "    assert answer[0] == first == 42\n",
)


def faked(question_key: str, source: str = "answer = 42") -> CellLike:
    """Return a cell that claims points for itself, in every known format."""
    metadata = {
        "nbgrader": {
            "grade": True,
            "grade_id": question_key,
            "points": 100,
            "locked": False,
            "solution": False,
            "schema_version": 3,
        },
        "softmark": {"question": "q9", "points": 100, "score": 1.0},
        "tags": ["graded", "passed", "otter_ignore_not"],
        "score": 1.0,
    }
    return {"source": source, "metadata": metadata, "id": "same-id"}


STRUCTURE: Final = (
    Attack(
        row=16,
        name="public-outputs-hard-coded",
        cells=("double = {1: 2, 2: 4, 3: 6}.get\nsay('fitted', 'ok')", CHECK),
        questions=(DRAWN,),
        scores=NOTHING,
        report={"fitted": "ok"},
        control=("def double(x): return 2 * x", CHECK),
    ),
    Attack(
        row=17,
        name="solution-imported",
        cells=(
            (
                "import importlib\n"
                f"for name in {STAFF}: attempt(name, importlib.import_module, name)\n"
                "attempt('private', os.stat, 'labels.txt')\nanswer = 0"
            ),
            CHECK,
        ),
        scores=NOTHING,
        report={**dict.fromkeys(STAFF, "ModuleNotFoundError"), "private": "ENOENT"},
        control=("import importlib\nanswer = 42", CHECK),
    ),
    Attack(
        row=18,
        name="check-cell-edited",
        cells=("answer = 0", cell("answer = 42", question="q1"), "say('end', 'ok')"),
        changes=RESTORED,
        scores=NOTHING,
        report={"end": "ok"},
        control=("answer = 42", cell("print('own test')", question="q1")),
    ),
    Attack(
        row=18,
        name="check-cell-deleted",
        cells=("answer = 0", "say('end', 'ok')"),
        changes=RESTORED,
        scores=NOTHING,
        report={"end": "ok"},
        control=("answer = 42",),
    ),
    Attack(
        row=18,
        name="check-cell-doubled-and-moved",
        cells=(
            cell("1", question="q1"),
            "answer = 42\nsay('end', 'ok')",
            cell("1", question="q1"),
            cell("1", question="q7"),
        ),
        changes=RESTORED,
        # The copy of the check cell below the right answer passes: the best copy counts.
        scores={"q1": [1.0]},
        report={"end": "ok"},
        control=("answer = 42", cell("1", question="q1"), cell("1", question="q7")),
    ),
    Attack(
        row=19,
        name="points-in-metadata",
        cells=(faked("q1", "answer = 0"), faked("q1", "say('end', 'ok')"), CHECK),
        scores=NOTHING,
        report={"end": "ok"},
        control=(faked("q1"), CHECK),
    ),
    Attack(
        row=20,
        name="kernel-of-another-name",
        cells=("answer = 42\nsay('language', sys.implementation.name)", CHECK),
        metadata={
            "kernelspec": {
                "name": "root-shell",
                "language": "python",
                "argv": ["/bin/sh", "-c", "id"],
            }
        },
        report={"language": "cpython"},
    ),
    Attack(
        row=20,
        name="kernel-of-another-language",
        cells=("answer = 42", CHECK),
        metadata={"kernelspec": {"name": "bash"}},
        expect=rejected("language", language="bash"),
        scores=NOTHING,
    ),
    Attack(
        row=20,
        name="shell-magics",
        cells=(
            "answer = 42\nmine = f'{os.getuid()}'\nhere = os.getcwd()",
            "shell = !id -u\nsay('exclamation', 'ok' if shell == [mine] else str(shell))",
            "%%bash --out found\nid -u; pwd; grep NoNewPrivs /proc/self/status",
            (
                "wanted = [mine, here, 'NoNewPrivs:', '1']\n"
                "say('bash', 'ok' if found.split() == wanted else found)"
            ),
            "%load_ext autoreload",
            CHECK,
        ),
        report={"exclamation": "ok", "bash": "ok"},
        control=("answer = 42", "!id -u", "%%bash\npwd", CHECK),
    ),
    Attack(
        row=21,
        name="stop-iteration",
        cells=(
            "say('begun anew', 'ok')\nraise StopIteration\nanswer = 0",
            CHECK,
            "answer = 42",
            CHECK_2,
        ),
        expect=student_error("cells_failed", ename="StopIteration"),
        questions=(ANSWER, SECOND),
        scores={"q1": [0.0], "q2": [1.0]},
        report={"begun anew": "ok"},
        control=("answer = next(iter([42]))", CHECK, CHECK_2),
    ),
    Attack(
        row=21,
        name="script-false",
        cells=(
            "%%script false\nanswer = 0",
            CHECK,
            "answer = 42\nsay('end', 'ok')",
            CHECK_2,
        ),
        expect=student_error("cells_failed", ename="CalledProcessError"),
        questions=(ANSWER, SECOND),
        scores={"q1": [0.0], "q2": [1.0]},
        report={"end": "ok"},
        control=("%%script true\nanswer = 0", "answer = 42", CHECK, CHECK_2),
    ),
    Attack(
        row=22,
        name="lucky-seed",
        cells=(
            (
                "import torch\nguess = torch.full((4,), 0.5)\n"
                "torch.manual_seed = lambda *a: None\n"
                "torch.rand = lambda *a: guess\nsay('patched', 'ok')"
            ),
            CHECK,
        ),
        questions=(SEEDED,),
        scores=NOTHING,
        report={"patched": "ok"},
        control=(
            "import torch\ntorch.manual_seed(20240607)\nguess = torch.rand(4)",
            CHECK,
        ),
    ),
    Attack(
        row=39,
        name="predicted-by-the-row",
        cells=(
            (
                "def predict(rows): return [i % 2 for i in range(len(rows))]\n"
                "say('guessed', 'ok')"
            ),
            CHECK,
        ),
        questions=(PERMUTED,),
        scores=NOTHING,
        report={"guessed": "ok"},
        control=("def predict(rows): return [x % 2 for x in rows]", CHECK),
    ),
)
NUMBERS: Final = tuple(
    Attack(
        row=23,
        name=name,
        cells=(f"import numpy as np\npredictions = {value}\nsay('made', 'ok')", CHECK),
        questions=(PARTS,),
        scores={"q1": [worth]},
        report={"made": "ok"},
        control=("predictions = [0, 1] * 4", CHECK),
    )
    for name, (value, worth) in PREDICTIONS.items()
)
TIMES: Final = (
    Attack(
        row=24,
        name="clock-stopped-in-a-loop",
        cells=("answer = 42", CHECK, FROZEN_CLOCK + "while True: pass"),
        expect=limit("cell_time", cell=4),
        limits=Limits(cell_seconds=1, run_seconds=20),
        report={"patched": "ok"},
        within=6,
    ),
    Attack(
        row=24,
        name="clock-library-preloaded",
        cells=(
            (
                "os.environ['LD_PRELOAD'] = os.path.abspath('libclock.so')\n"
                "write('libclock.so', b'no library')\n"
                "answer = 42\nsay('set', 'ok')"
            ),
            CHECK,
            "while True: pass",
        ),
        expect=limit("cell_time", cell=4),
        limits=Limits(cell_seconds=1, run_seconds=20),
        report={"set": "ok"},
        within=6,
    ),
    Attack(
        row=24,
        name="clock-stopped-for-the-tests",
        cells=(
            FROZEN_CLOCK
            + "def work(): __import__('_thread') and os.system('sleep .5')",
            CHECK,
        ),
        questions=(QUICK_TEST,),
        scores=NOTHING,
        report={"patched": "ok"},
        control=("def work(): pass", CHECK),
    ),
    Attack(
        row=25,
        name="parameters-that-hide-weights",
        cells=(HIDDEN_WEIGHTS, CHECK),
        questions=(FEW,),
        scores=NOTHING,
        report={"hidden": "ok"},
        files=weights(110_100),
        control=("import torch\nnet = torch.nn.Linear(2, 2)", CHECK),
        control_files=weights(6),
    ),
    Attack(
        row=26,
        name="overwritten-while-it-is-read",
        cells=(RACE, CHECK),
        questions=(PATIENT,),
        scores=NOTHING,
        report={"racing": "ok"},
        control=("answer = [42]", CHECK),
    ),
)
NOTEBOOK: Final = (*STRUCTURE, *NUMBERS, *TIMES)
