"""A snapshot answers with the settings that the notebook has made, as its next cell would.

What the test itself sets is added to them.
"""

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import Verdict
from tests.runner.notebooks import job, marked, question, scores

pytestmark = pytest.mark.torch

CONTEXT = """
import contextvars, decimal
import numpy as np
np.seterr(all="raise")
np.set_printoptions(precision=2)
decimal.setcontext(decimal.Context(prec=50))
language = contextvars.ContextVar("language", default="de")
language.set("en")
def safe_ratio(a, b):
    try: return a / b
    except FloatingPointError: return np.zeros_like(a)
def report(weights): return f"{weights}"
def third(): return str(decimal.Decimal(1) / 3)
def spoken(): return language.get()
def set_precision(digits): decimal.getcontext().prec = digits
"""
CONTEXT_CHECKS = {
    "handling of errors": "assert safe_ratio(np.array([1.]), np.array([0.])) == [0]",
    "printing": "assert report(np.array([1/3, 2/3])) == '[0.33 0.67]'",
    "precision": "assert len(third()) == 52",
    "a variable": "assert spoken() == 'en'",
    "a call changes it": "set_precision(5)\nassert third() == '0.33333'",
}


@pytest.mark.parametrize("check", CONTEXT_CHECKS.values(), ids=CONTEXT_CHECKS)
def test_context_variables_of_the_cells_hold(runner: Runner, check: str) -> None:
    result = marked(runner, CONTEXT, f"import numpy as np\n{check}")
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


STATE = """
import locale, os, random, sys, torch
torch.set_grad_enabled(False)
torch.set_default_dtype(torch.float64)
torch.set_default_device("meta")
torch.set_autocast_enabled("cpu", True)
torch.set_autocast_dtype("cpu", torch.bfloat16)
locale.setlocale(locale.LC_ALL, "C.UTF-8")
os.umask(0o027)
sys.setrecursionlimit(1234)
random.seed(5)
seen = []
def trace(frame, event, argument):
    seen.append(frame.f_code.co_name)
def f(x): return x
def state():
    net = torch.nn.Linear(1, 1)
    mask = os.umask(0o027)
    return [str(net.weight.dtype), net.weight.device.type, net(net.weight).requires_grad,
        torch.is_autocast_enabled("cpu"), locale.setlocale(locale.LC_ALL), mask,
        sys.getrecursionlimit(), f"{random.random():.4f}"]
def traced(): return "f" in seen
sys.settrace(trace)
"""
EXPECTED = [
    *("torch.float64", "meta", False, True, "C.UTF-8", 0o027, 1234, "0.6229"),
]


def test_settings_of_the_process_and_its_thread_hold(runner: Runner) -> None:
    check = f"f(3)\nassert traced()\nassert state() == {EXPECTED}, state()"
    result = marked(runner, STATE, check)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


WARNINGS = """
import warnings
import numpy as np
warnings.filterwarnings("error", category=RuntimeWarning)
warnings.filterwarnings("ignore", category=FutureWarning)
def safe_log(x):
    try: return np.log(x)
    except RuntimeWarning: return -100.0
def raw_log(x): return np.log(x)
def soon(): warnings.warn("soon", FutureWarning)
def deprecated(): warnings.warn("old", UserWarning)
noted = []
def note(message, *_): noted.append(str(message))
def write_down(): warnings.showwarning = lambda message, *_: noted.append(str(message))
def written(): return list(noted)
"""
RECORDED = "with warnings.catch_warnings(record=True) as heard:\n    "
WARNING_CHECKS = {
    "an error is raised": "assert safe_log(np.float64(0)) == -100",
    "an error arrives": "with pytest.raises(RuntimeWarning): raw_log(np.float64(0))",
    "the test's filter comes first": "with pytest.warns(RuntimeWarning):\n"
    "    assert safe_log(np.float64(0)) == -np.inf",
    "the test's filter for another class": "with pytest.warns(UserWarning):\n"
    "    deprecated()\nwith warnings.catch_warnings():\n"
    "    warnings.simplefilter('ignore', UserWarning)\n"
    "    assert safe_log(np.float64(0)) == -100",
    "ignored": f"{RECORDED}soon()\nassert not heard",
    "not ignored by the test": f"{RECORDED}warnings.simplefilter('always'); soon()\n"
    "assert len(heard) == 1",
    "recorded": f"{RECORDED}deprecated()\nassert len(heard) == 1",
    "recorded again": f"deprecated()\n{RECORDED}deprecated()\nassert len(heard) == 1",
    "shown by the notebook": "write_down()\ndeprecated()\nassert written() == ['old']",
}


@pytest.mark.parametrize("check", WARNING_CHECKS.values(), ids=WARNING_CHECKS)
def test_filters_for_warnings_hold(runner: Runner, check: str) -> None:
    top = "import pytest, warnings\nimport numpy as np\n"
    result = marked(runner, WARNINGS, top + check)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


STREAMS = """
import io, logging, sys
class Tee:
    def __init__(self, stream): self.stream, self.seen = stream, []
    def write(self, text):
        self.seen.append(text)
        return self.stream.write(text)
    def flush(self): self.stream.flush()
sys.stdout = tee = Tee(sys.stdout)
sys.stderr = errors = Tee(sys.stderr)
def hello(): print("hi")
def complain(): print("no", file=sys.stderr)
def logged(): return "".join(tee.seen)
def complaints(): return "".join(errors.seen)
def is_own(): return sys.stdout is tee
"""
STREAM_CHECKS = {
    "output": "hello()\nassert 'hi' in logged()",
    "errors": "complain()\nassert 'no' in complaints()",
    "the object": "assert is_own()",
    "redirected by the test": "import contextlib, io\n"
    "with contextlib.redirect_stdout(io.StringIO()) as out:\n    hello()\n"
    "assert out.getvalue() == 'hi\\n' and not logged()",
}


@pytest.mark.parametrize("check", STREAM_CHECKS.values(), ids=STREAM_CHECKS)
def test_streams_that_the_notebook_has_replaced_stay(
    runner: Runner, check: str
) -> None:
    result = marked(runner, STREAMS, check)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


def test_a_test_hears_work_that_keeps_its_output_to_itself(runner: Runner) -> None:
    work = "import io, sys\nsys.stdout = io.StringIO()\ndef hello(): print('hi')"
    check = (
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n"
        "    hello()\nassert out.getvalue() == 'hi\\n'"
    )
    result = marked(runner, work, check)
    assert [one.score for one in result.questions[0].checks] == [1]


HOSTILE = """
import sys, warnings
class Loud:
    def write(self, text): raise ValueError(text)
    def flush(self): pass
def show(*_): raise ValueError
sys.stdout = Loud()
warnings.showwarning = show
def f(x):
    warnings.warn("w")
    print(x)
    return x
def g(x): return x
"""


def test_broken_settings_cost_only_the_calls_that_meet_them(runner: Runner) -> None:
    result = marked(runner, HOSTILE, "assert f(2) == 2", "assert g(2) == 2")
    assert [one.score for one in result.questions[0].checks] == [0, 1]


HANDLERS = """
import signal
caught = []
def note(number, frame): caught.append(number)
signal.signal(signal.SIGTERM, note)
signal.signal(signal.SIGINT, note)
def send():
    signal.raise_signal(signal.SIGTERM)
    return caught == [signal.SIGTERM]
def is_usual(): return signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""


def test_handlers_of_signals_hold_as_in_jupyter(runner: Runner) -> None:
    cells = (HANDLERS, "assert is_usual()", "# softmark: check q1")
    asked = question(
        "q1", "def check(send, is_usual):\n    assert send() and is_usual()"
    )
    result = runner.run(job(*cells, questions=(asked,)))
    assert result.verdict is Verdict.COMPLETED
    assert scores(result) == {"q1": [1.0]}
