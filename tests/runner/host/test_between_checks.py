"""A check leaves nothing for the next check: no name, no memory, no setting."""

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import CheckSpec, Limits, QuestionSpec, TestStyle
from tests.runner.notebooks import cell, job, question, scores

pytestmark = pytest.mark.torch

LIMITS = Limits(memory_bytes=900 * 2**20)
NOTEBOOK = (
    "import numpy as np\n"
    "def large(): return np.ones(380 * 2**20, dtype=np.uint8)\n"
    "def honest(): return np.ones(330 * 2**20, dtype=np.uint8)\ndef small(): return 5\n"
)
LATER = question(
    "q2", "def check(honest):\n    assert honest().nbytes == 330 * 2**20\n"
)


def pieces(style: TestStyle, *sources: str) -> QuestionSpec:
    checks = (CheckSpec(name=f"c{n}", source=one) for n, one in enumerate(sources))
    return QuestionSpec(key="q1", style=style, checks=tuple(checks))


LARGE = {
    "the last value of a doctest": pieces(
        TestStyle.DOCTEST, ">>> large()\narray([1])\n"
    ),
    "names and a function of the test": pieces(
        TestStyle.SCRIPT, "def first(a): return a[0]\nw = large()\nassert first(w) == 1"
    ),
    "a function that knows itself": question(
        "q1",
        "def check(large):\n    found = large()\n"
        "    def first(a): return first if a is None else found[a] == 2\n"
        "    return bool(first(0))\n",
    ),
    "an object's attribute": pieces(
        TestStyle.SCRIPT, "assert holder.data.nbytes == 380 * 2**20"
    ),
}


@pytest.mark.parametrize("first", LARGE.values(), ids=LARGE)
def test_values_given_to_one_question_take_no_memory_from_another(
    runner: Runner, first: QuestionSpec
) -> None:
    notebook = NOTEBOOK + (
        "class Holder:\n    @property\n    def data(self): return large()\nholder = Holder()"
    )
    cells = (notebook, *(cell(f"# softmark: check {key}") for key in ("q1", "q2")))
    asked = (first, LATER)
    result = runner.run(
        job(*cells, questions=asked, limits=LIMITS, defined_names=("large", "holder"))
    )
    assert scores(result)["q2"] == [1.0]


def test_the_underscore_of_one_check_is_not_defined_in_the_next(runner: Runner) -> None:
    asked = pieces(TestStyle.DOCTEST, ">>> small()\n5\n>>> _\n5\n", ">>> _\n5\n")
    cells = (NOTEBOOK, cell("# softmark: check q1"))
    result = runner.run(job(*cells, questions=(asked,), defined_names=("small",)))
    assert scores(result) == {"q1": [1.0, 0.0]}


STORING = """
import os, tempfile
path = os.path.join(tempfile.mkdtemp(), 'w.npy')
np.save({place}, large())
assert False
"""


@pytest.mark.parametrize("place", ["path", "'w.npy'", "'/var/tmp/w.npy'"])
def test_files_of_one_question_s_tests_take_no_disk_space_from_another(
    runner: Runner, place: str
) -> None:
    store = STORING.format(place=place)
    first = pieces(TestStyle.SCRIPT, f"import numpy as np{store}")
    stored = store.replace("large()", "honest()").replace("w.npy", "v.npy")
    passing = stored.replace("assert False", "assert honest().nbytes == 330 * 2**20")
    check = CheckSpec(name="c", source=f"import numpy as np{passing}")
    later = QuestionSpec(key="q2", style=TestStyle.SCRIPT, checks=(check,))
    cells = (NOTEBOOK, *(cell(f"# softmark: check {key}") for key in ("q1", "q2")))
    limits = Limits(memory_bytes=2**31, disk_bytes=400 * 2**20)
    result = runner.run(job(*cells, questions=(first, later), limits=limits))
    assert scores(result) == {"q1": [0.0], "q2": [1.0]}


LEFT = {
    "gradients": (
        "torch.set_grad_enabled(False)",
        "torch.ones(1, requires_grad=True).sum().backward()",
    ),
    "a kind of numbers": (
        "torch.set_default_dtype(torch.float64)",
        "assert torch.ones(1).dtype == torch.float32",
    ),
    "errors of numpy": ("np.seterr(all='raise')", "np.float64(1) / np.float64(0)"),
    "warnings": ("warnings.simplefilter('error')", "warnings.warn('one')"),
    "the environment": (
        "os.environ['HOME'] = '/nowhere'",
        "assert os.environ['HOME'] != '/nowhere'",
    ),
    "a mock": ("mock.patch('os.getcwd', None).start()", "assert os.getcwd()"),
    "an attribute of a library": ("np.pi = 3", "assert np.pi > 3"),
    "figures": ("plt.figure()", "assert not plt.get_fignums()"),
    "a handler": (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL",
    ),
}


@pytest.mark.parametrize(("first", "then"), LEFT.values(), ids=LEFT)
def test_settings_of_one_question_s_tests_do_not_reach_another(
    runner: Runner, first: str, then: str
) -> None:
    imports = (
        "import os, signal, warnings, numpy as np, torch\nfrom unittest import mock\n"
        "import matplotlib.pyplot as plt\n"
    )
    asked = tuple(
        QuestionSpec(
            key=key,
            style=TestStyle.SCRIPT,
            checks=(CheckSpec(name="c", source=f"{imports}{lines}\nassert {right}"),),
        )
        for key, lines, right in (
            ("q1", first, "small() == 6"),
            ("q2", then, "small() == 5"),
        )
    )
    cells = (NOTEBOOK, *(cell(f"# softmark: check {key}") for key in ("q1", "q2")))
    result = runner.run(job(*cells, questions=asked))
    assert scores(result) == {"q1": [0.0], "q2": [1.0]}
