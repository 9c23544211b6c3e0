"""A `with` statement over the notebook's objects: errors go on, whatever they answer."""

from typing import Any

import pytest

from runner.host.runner import Runner
from runner.inside.grader import refusals
from runner.inside.grader.context_managers import SwallowedError
from runner.inside.grader.error_classes import StudentBaseError
from runner.inside.grader.names import Library, Names
from tests.runner.notebooks import marked, scores
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch

WORK = """
import contextlib
class Recorder:
    def __init__(self): self.error = self.words = None; self.closed = False
    def __enter__(self): return self
    def __exit__(self, kind, value, trace):
        self.error, self.words = kind and kind.__name__, str(value)
        self.closed = True
        assert value is None or type(value) is kind
        answer
@contextlib.contextmanager
def recorder(steps):
    try: yield steps
    except Exception as error:
        steps.add(type(error).__name__)
        again
class Own(Exception): pass
class Translated(Exception): pass
class Translating(Recorder):
    def __exit__(self, kind, value, trace):
        if kind: raise Translated
class Steps:
    def __init__(self): self.steps = []
    def add(self, name): self.steps.append(name)
    def count_of(self): return len(self.steps)
def fail(d): return d['k']
def own(): raise Own('mine')
"""
DEFINED: dict[str, Any] = {
    "defined_names": ("Own", "Recorder", "Steps", "Translated", "Translating"),
    "defined_classes": ("Own", "Recorder", "Steps", "Translated", "Translating"),
}
HONEST = WORK.replace("answer", "return None").replace("again", "raise")
LETS_THROUGH = {
    "the test's own error": "with Recorder() as r: raise KeyError('k')",
    "an error of the call": "with Recorder() as r: fail({})",
    "two of them": "with Recorder(), Recorder(): raise KeyError",
    "a generator": "with recorder(Steps()): raise KeyError",
    "a stack": "import contextlib\n"
    "    with contextlib.ExitStack() as s:\n"
    "        s.enter_context(Recorder())\n        raise KeyError",
}
CHECKS = [
    f"try:\n    {body}\nexcept KeyError: pass\nelse: assert False"
    for body in LETS_THROUGH.values()
]
TOLD = {
    "the class": "r = Recorder()\ntry:\n    with r: raise KeyError('k')\n"
    "except KeyError: pass\nassert r.closed and r.error == 'KeyError'",
    "no words of the test": "r = Recorder()\ntry:\n    with r: raise KeyError('k')\n"
    "except KeyError: pass\nassert r.words == ''",
    "no error": "with Recorder() as r: pass\nassert r.closed and r.error is None",
    "an error of the call": "r = Recorder()\ntry:\n    with r: fail({})\n"
    "except KeyError: pass\nassert (r.error, r.words) == ('KeyError', \"'k'\")",
    "an error of the notebook's": "r = Recorder()\ntry:\n    with r: own()\n"
    "except Own: pass\nassert (r.error, r.words) == ('Own', 'mine')",
    "a generator": "s = Steps()\ntry:\n    with recorder(s): raise KeyError\n"
    "except KeyError: pass\nassert s.steps == ['KeyError']",
    "another error": "try:\n    with Translating(): raise KeyError\n"
    "except Translated: pass",
}


def test_a_context_manager_is_told_the_class_of_the_error(runner: Runner) -> None:
    result = marked(runner, HONEST, *CHECKS, *TOLD.values(), **DEFINED)
    assert scores(result) == {"q1": [1.0] * (len(CHECKS) + len(TOLD))}


@pytest.mark.parametrize("answer", ["True", "self", "0.5", "'no'"])
def test_none_that_swallows_errors_seems_to_let_them_through(
    runner: Runner, answer: str
) -> None:
    work = WORK.replace("answer", f"return {answer}").replace("again", "pass")
    result = marked(runner, work, *CHECKS, **DEFINED)
    assert scores(result) == {"q1": [0.0] * len(CHECKS)}


def run(test: str, work: str) -> None:
    """Run the test; raise what it raises."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(work, names)  # noqa: S102 - a notebook
    failure: Exception | None = None
    with student_with(names, classes=DEFINED["defined_classes"]) as student:
        try:
            exec(test, Names(student, Library({}), ()))  # noqa: S102 - as the grader does
        except Exception as error:  # noqa: BLE001 - raised once the student is gone
            failure = error
    if failure is not None:
        raise failure


def test_the_refusal_says_what_to_do() -> None:
    refusals.forget()
    run(CHECKS[0], WORK.replace("answer", "return True"))
    with pytest.raises(SwallowedError, match="let a function of the notebook contain"):
        raise refusals.first() or AssertionError


def test_no_error_of_the_object_s_takes_the_place_of_a_failed_assertion() -> None:
    refusals.forget()
    test = "try:\n    with Translating(): assert 1 == 2\nexcept Translated: pass"
    with pytest.raises(AssertionError, match=r"^$"):
        run(test, HONEST)
    assert isinstance(refusals.first(), SwallowedError)


TRAIN = "def train(n, call):\n    for k in range(n):\n        {}\n"
INTERRUPTED = """
from pytest import raises
def call(k):
    if k == 2: raise {0}
with raises({0}): train(5, call)
"""


@pytest.mark.parametrize("kind", ["KeyboardInterrupt", "SystemExit", "GeneratorExit"])
def test_code_that_swallows_an_interrupt_does_not_seem_to_pass_it_on(
    runner: Runner, kind: str
) -> None:
    work = TRAIN.format("try: call(k)\n        except: pass")
    result = marked(runner, work, INTERRUPTED.format(kind))
    assert scores(result) == {"q1": [0.0]}


def test_the_student_s_code_sees_an_interrupt_of_a_callback(runner: Runner) -> None:
    work = TRAIN.format(
        "try: call(k)\n        except (KeyboardInterrupt, SystemExit) as e: "
        "return type(e).__name__"
    )
    checks = [
        f"def call(k): raise {kind}(3)\n"
        f"assert train(5, call) == {kind!r}\nassert train(0, call) is None"
        for kind in ("KeyboardInterrupt", "SystemExit")
    ]
    assert scores(marked(runner, work, *checks)) == {"q1": [1.0, 1.0]}


def test_an_interrupt_that_comes_back_is_an_error_of_the_student_s() -> None:
    test = "def call(k): raise KeyboardInterrupt\ntrain(5, call)"
    words = r"KeyboardInterrupt.*let a function"
    with pytest.raises(StudentBaseError, match=words):
        run(test, TRAIN.format("call(k)"))
