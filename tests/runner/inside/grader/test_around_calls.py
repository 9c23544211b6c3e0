"""A test sees a call's output and warnings, gives its input, and fixes its seeds."""

import builtins
import contextlib
import io
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from runner.host.runner import Runner
from runner.inside.grader.fixed_seeds import FixedSeeds
from runner.protocol.jobs import CheckSpec, QuestionSpec, TestStyle
from tests.runner.notebooks import cell, job, scores
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch

WORK = """
import random, sys
import numpy as np, torch
def greet(name): print('hello', name); return len(name)
def quiet(name): return 'hello ' + name
def around(f): print('before'); f(); print('after')
def loud(): print('x' * 10**6); return 1
def fail(): print('before'); raise ValueError
def ask(): return input('Name? ') + '!'
def ask_all():
    found = []
    try:
        while True: found.append(int(input()))
    except EOFError: return found
def roll(): return random.randint(1, 6), np.random.rand(), torch.rand(1).item()
def mean(): return np.mean([1.0, 2.0])
def means(): return str([mean()])
def warn(words): print(words, file=sys.stderr)
def converge():
    import warnings
    from sklearn.exceptions import ConvergenceWarning
    warnings.warn('not yet', ConvergenceWarning)
    return 1
def f(x, *, step=1): return x + step  # adds
class Cat:
    def speak(self): print('meow')
"""
NAMES = (
    *("greet", "quiet", "loud", "fail", "ask", "ask_all", "roll", "f", "Cat", "gone"),
    *("mean", "means", "warn", "converge", "around"),
)


def run(
    runner: Runner, style: TestStyle, *sources: str, notebook: str = WORK
) -> list[float]:
    checks = tuple(
        CheckSpec(name=f"c{number}", source=source)
        for number, source in enumerate(sources)
    )
    question = QuestionSpec(key="q1", style=style, checks=checks)
    spec = job(
        *(notebook, cell("# softmark: check q1")),
        questions=(question,),
        defined_names=NAMES,
        defined_classes=("Cat",),
    )
    return scores(runner.run(spec))["q1"]


LISTENING = "import contextlib, io\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    "
SCRIPTS = {
    "what a function prints": f"{LISTENING}greet('Ada')\n"
    "assert out.getvalue() == 'hello Ada\\n'",
    "what a method prints": f"{LISTENING}Cat().speak()\nassert out.getvalue() == 'meow\\n'",
    "what came before an error": f"{LISTENING}\n    try: fail()\n"
    "    except ValueError: pass\nassert out.getvalue() == 'before\\n'",
    "output of its own function in its place": f"{LISTENING}around(lambda: print('in'))\n"
    "assert out.getvalue() == 'before\\nin\\nafter\\n'",
    "no more than can be read": f"{LISTENING}loud()\nassert len(out.getvalue()) == 100_000",
    "an answer": "from unittest import mock\n"
    "with mock.patch('builtins.input', return_value='Ada') as asked:\n"
    "    assert ask() == 'Ada!'\nasked.assert_called_once_with('Name? ')",
    "answers until they end": "from unittest import mock\n"
    "answers = ['1', '2', EOFError]\n"
    "with mock.patch('builtins.input', side_effect=answers): assert ask_all() == [1, 2]",
    "a function that answers": "import pytest\nwith pytest.MonkeyPatch.context() as patch:\n"
    "    patch.setattr('builtins.input', lambda prompt: prompt)\n"
    "    assert ask() == 'Name? !'",
    "what print was called with": "from unittest import mock\n"
    "with mock.patch('builtins.print') as shown: greet('Ada')\n"
    "shown.assert_called_once_with('hello', 'Ada')",
    "a seed": "import random, numpy as np, torch\n"
    "def seed(): random.seed(3); np.random.seed(3); torch.manual_seed(3)\n"
    "seed(); want = random.randint(1, 6), np.random.rand(), torch.rand(1).item()\n"
    "seed(); assert roll() == want\nassert roll() != want\nseed(); assert roll() == want",
    "names": "assert 'f' in globals() and 'gone' not in globals()\n"
    "assert globals().get('f')(1) == 2 and globals().get('gone') is None\n"
    "assert 'print' not in globals() and globals()['f'](1) == locals()['f'](1)",
    "a text": "import inspect\nassert '# adds' in inspect.getsource(f)\n"
    "assert 'speak' in inspect.getsource(Cat.speak)",
    "parameters": "import inspect\nfound = inspect.signature(f).parameters\n"
    "assert list(found) == ['x', 'step'] and found['step'].default == 1\n"
    "assert found['x'].default is inspect.Parameter.empty\n"
    "assert str(inspect.signature(f)) == '(x, *, step=1)'",
}
LOSING = {
    "silence": f"{LISTENING}quiet('Ada')\nassert out.getvalue() == 'hello Ada\\n'",
    "no answer": "assert ask() == 'Ada!'",
    "an answer that is no text": "from unittest import mock\n"
    "with mock.patch('builtins.input', return_value=7): ask()",
    "an answer that was taken back": "from unittest import mock\n"
    "with mock.patch('builtins.input', return_value='Ada'): ask()\nask()",
}


def test_a_test_captures_output_gives_input_and_sets_seeds(runner: Runner) -> None:
    assert run(runner, TestStyle.SCRIPT, *SCRIPTS.values()) == [1.0] * len(SCRIPTS)
    assert run(runner, TestStyle.SCRIPT, *LOSING.values()) == [0.0] * len(LOSING)


_ERRORS = (
    "import io, contextlib\nerr = io.StringIO()\nwith contextlib.redirect_stderr(err): "
)
_WARNED = (
    "import warnings\nfrom sklearn.exceptions import ConvergenceWarning as Late\n"
    "with warnings.catch_warnings(record=True) as seen:\n"
)
HEARD = {
    f"{_ERRORS}warn('x')\nassert err.getvalue() == 'x\\n'": 1.0,
    f"{_ERRORS}warn('x')\nassert err.getvalue() == ''": 0.0,
    f"{_ERRORS}quiet('x')\nassert err.getvalue() == ''": 1.0,
    f"{_WARNED}    warnings.simplefilter('always')\n    converge()\nassert issubclass(seen[0].category, Late)": 1.0,
    f"{_WARNED}    warnings.simplefilter('always')\n    converge()\nassert not any(issubclass(one.category, Late) for one in seen)": 0.0,
    f"{_WARNED}    warnings.simplefilter('error', Late)\n    converge()": 0.0,
    f"{_WARNED}    warnings.filterwarnings('error', category=Late)\n    f(1)": 1.0,
    f"import pytest\n{_WARNED}    with pytest.warns(Late): converge()": 1.0,
}


def test_a_test_hears_stderr_and_warnings_of_libraries(runner: Runner) -> None:
    assert run(runner, TestStyle.SCRIPT, *HEARD) == list(HEARD.values())


DOCTESTS = {
    ">>> greet('Ada')\nhello Ada\n3": 1.0,
    ">>> length = greet('Ada')\n>>> length\n3": 0.0,
    ">>> greet('Ada') == 3\nTrue": 0.0,
    ">>> print(greet('Ada'))\n3": 0.0,
    ">>> for _ in range(2): Cat().speak()": 0.0,
    ">>> [Cat().speak()]\n[None]": 0.0,
    ">>> quiet('Ada') == 'hello Ada'\nTrue": 1.0,
    ">>> fail()\nTraceback (most recent call last):\nValueError": 1.0,
    ">>> x = fail()\nTraceback (most recent call last):\nValueError": 1.0,
    ">>> means()\n'[np.float64(1.5)]'": 1.0,
    ">>> means()\n'[1.5]'": 0.0,
    ">>> print(means())\n[1.5]": 0.0,
    ">>> mean()\n1.5": 1.0,
    ">>> [mean(), {'a': mean()}]\n[1.5, {'a': 1.5}]": 1.0,
    ">>> mean() > 1\nTrue": 1.0,
    ">>> Cat().speak()\nmeow": 1.0,
    ">>> cat = Cat()\n>>> cat.speak()\nmeow": 1.0,
    ">>> quiet('Ada')\nhello Ada": 0.0,
    ">>> greet('Eve')\nhello Ada\n3": 0.0,
}


def test_a_doctest_reads_what_its_own_call_prints(runner: Runner) -> None:
    assert run(runner, TestStyle.DOCTEST, *DOCTESTS) == list(DOCTESTS.values())


GUESSING = (
    "def f(x):\n    for word in ('ok', 'True', 'passed'): print(word)\n    return 0\n"
)
GUESSED = [
    f">>> {line}\n{word}"
    for word in ("ok\nTrue\npassed", "ok", "True")
    for line in (
        f"if f(3) == 9: print({word!r})",
        "f(3) == 9 or None",
        f"print({word!r}) if f(3) == 9 else None",
        "[None for x in [f(3)] if x == 9] and None",
        "x = f(3)",
    )
]


def test_printed_words_do_not_pass_a_doctest(runner: Runner) -> None:
    found = run(runner, TestStyle.DOCTEST, *GUESSED, notebook=GUESSING)
    assert found == [0.0] * len(GUESSED)


def test_functions_that_a_test_replaces_are_restored_after_the_check() -> None:
    """No function of the test answers the notebook once the check is over."""
    own = builtins.input
    with student_with({"run": lambda: 1}) as student:
        builtins.input = lambda *_: "seven"  # as a test does
        student.name("run")()
        assert student._given.lend("input", [], {}) == "seven"
        student.begin_check()
        assert builtins.input is own
        student.name("run")()
        with pytest.raises(RuntimeError, match="does not replace this"):
            student._given.lend("input", [], {})
        with pytest.raises(RuntimeError, match="does not replace this"):
            student._given.lend("open", [], {})


# --- Seeds ----------------------------------------------------------------------------


@pytest.fixture
def seeds() -> Iterator[FixedSeeds]:
    """Give the recorded seeds of this process, and restore its generators after."""
    kept = random.getstate(), np.random.get_state(), torch.get_rng_state()
    functions = random.seed, np.random.seed, torch.manual_seed
    found = FixedSeeds()
    found.install()
    yield found
    random.seed, np.random.seed, torch.manual_seed = functions
    random.setstate(kept[0])
    np.random.set_state(kept[1])
    torch.set_rng_state(kept[2])


def test_only_a_seed_written_in_the_test_is_sent_to_the_notebook(
    seeds: FixedSeeds,
) -> None:
    seeds.begin_check("random.seed(12); np.random.seed(drawn); torch.manual_seed(1_0)")
    random.seed(12)
    np.random.seed(777_123)
    torch.manual_seed(10)
    random.seed("12")
    assert list(seeds.unused()) == []
    random.seed(12)
    assert list(seeds.unused()) == [("random", 12)]
    assert list(seeds.unused()) == []


@pytest.mark.parametrize(
    "draw", [random.random, np.random.rand, lambda: torch.rand(1), np.random.randn]
)
def test_a_seed_that_the_test_has_drawn_from_is_not_sent(
    seeds: FixedSeeds, draw: Any
) -> None:
    """The numbers drawn from it may be what the test expects."""
    seeds.begin_check("seed 5")
    random.seed(5)
    np.random.seed(5)
    torch.manual_seed(5)
    draw()
    assert len(list(seeds.unused())) == 2


def test_a_seed_of_one_check_is_not_used_in_another(seeds: FixedSeeds) -> None:
    seeds.begin_check("seed 5")
    random.seed(5)
    seeds.begin_check("seed 5")
    assert list(seeds.unused()) == []


def test_a_call_prints_to_the_test_s_redirected_output() -> None:
    with student_with({"say": lambda: sys.stdout.write("hello\n")}) as student:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            student.name("say")()
        assert out.getvalue() == "hello\n"
