"""Tests expect and read exceptions of the notebook's own classes."""

from typing import Any

import pytest

from runner.host.runner import Runner
from runner.inside.grader.grader_loop import _last_line
from runner.inside.grader.names import Library, Names
from tests.runner.notebooks import marked, scores
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch

BANK = """
class BankError(Exception): pass
class Broke(BankError): pass
class Closed(BankError, ValueError): pass
class TooLow(ValueError):
    def __init__(self, value):
        super().__init__(f'{value} is too low', value)
        self.value = value
class Stop(StopIteration): pass
def withdraw(n): raise Broke('no money')
def close(): raise Closed
def check_age(n):
    if n < 0: raise TooLow(n)
def find(d, k): return d[k]
def stop(): raise Stop
def name_of(error): return type(error).__name__
"""
CLASSES = ("BankError", "Broke", "Closed", "TooLow", "Stop")


def run(test: str, notebook: str = BANK, classes: tuple[str, ...] = CLASSES) -> None:
    """Run the test; raise what it raises."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(notebook, names)  # noqa: S102 - a notebook
    failure: Exception | None = None
    with student_with(names, classes=classes) as student:
        try:
            exec(test, Names(student, Library({}), ()))  # noqa: S102 - as the grader does
        except Exception as error:  # noqa: BLE001 - raised once the student is gone
            failure = error
    if failure is not None:
        raise failure


HONEST = {
    "its class": "try: withdraw(1)\nexcept Broke: pass",
    "its base": "try: withdraw(1)\nexcept BankError: pass",
    "both bases": "try: close()\nexcept ValueError as e: assert isinstance(e, BankError)",
    "not another": "try:\n    try: withdraw(1)\n    except Closed: assert False\n"
    "except Broke: pass",
    "pytest": "import pytest\nwith pytest.raises(TooLow, match='-1 is too low'): "
    "check_age(-1)",
    "unittest": "import unittest\n"
    "with unittest.TestCase().assertRaises(TooLow): check_age(-1)",
    "an attribute": "try: check_age(-1)\nexcept ValueError as e: assert e.value == -1",
    "arguments": "try: check_age(-1)\nexcept TooLow as e: assert e.args[1] == -1",
    "a key": "try: find({}, 'k')\nexcept KeyError as e: "
    "assert e.args == ('k',) and str(e) == \"'k'\"",
    "no error": "try: check_age(3)\nexcept TooLow: assert False",
    "its classes": "assert issubclass(TooLow, ValueError) and issubclass(Broke, BankError)"
    " and not issubclass(Broke, ValueError) and TooLow.__name__ == 'TooLow'",
    "an instance": "e = TooLow(5)\nassert e.value == 5 and isinstance(e, TooLow)",
    "given back": "try: withdraw(1)\nexcept Broke as e: assert name_of(e) == 'Broke'",
}


@pytest.mark.parametrize("test", HONEST.values(), ids=HONEST)
def test_an_exception_class_of_staff_s_catches_the_student_s_exception(
    test: str,
) -> None:
    run(test)


CATCHING_ALL = {
    "Python's class": "Broke = AssertionError",
    "Python's base": "Broke = Exception",
    "a subclass": "class Broke(AssertionError): pass",
    "a metaclass": "class All(type):\n    __subclasscheck__ = lambda *_: True\n"
    "    __instancecheck__ = lambda *_: True\nclass Broke(Exception, metaclass=All): pass",
    "no class": "Broke = (AssertionError, Exception)",
}


@pytest.mark.parametrize("notebook", CATCHING_ALL.values(), ids=CATCHING_ALL)
@pytest.mark.parametrize("line", ["assert f() == 3", "1 / 0", "undefined"])
def test_a_student_s_exception_class_does_not_catch_the_test_s_errors(
    notebook: str, line: str
) -> None:
    test = f"try: {line}\nexcept Broke: pass"
    kinds = (AssertionError, ZeroDivisionError, NameError, TypeError, ValueError)
    with pytest.raises(kinds):
        run(test, f"{notebook}\ndef f(): return 4", ("Broke",))


@pytest.mark.parametrize(
    "name", ["StopIteration", "GeneratorExit", "KeyboardInterrupt"]
)
def test_a_student_s_exception_class_does_not_control_the_interpreter(
    name: str,
) -> None:
    notebook = f"class Stop({name}): pass\ndef stop(x): raise Stop"
    with pytest.raises(Exception, match=r"^$") as found:
        run("list(map(stop, [1]))", notebook, ("Stop",))
    assert not isinstance(found.value, StopIteration)
    run("try: stop(1)\nexcept Stop: pass", notebook, ("Stop",))


def test_an_exception_class_that_staff_do_not_define_is_a_plain_object() -> None:
    with pytest.raises(TypeError, match="BaseException"):
        run("try: withdraw(1)\nexcept Broke: pass", classes=())


@pytest.mark.parametrize("count", [1, 3000])
def test_many_exception_classes_harm_no_other_answer(count: int) -> None:
    notebook = (
        "def fail(n):\n    raise type(f'E{n}', (ValueError,), {})(n)\n"
        "class Broke(Exception): pass\ndef withdraw(n): raise Broke"
    )
    run(
        f"for n in range({count}):\n    try: fail(n)\n    except ValueError: pass\n"
        "try: withdraw(1)\nexcept Exception: pass",
        notebook,
        ("Broke",),
    )


ODD = {
    "a number as text": "SyntaxError('x', ('f', 1, 1, 5))",
    "text as a number": "SyntaxError('x', ('f', 'l', 1, 't', 'e', 2))",
    "a huge number": "SyntaxError('x', ('f', 10**400, 1, 't'))",
    "no text at all": "SyntaxError()",
    "a lone surrogate": "ValueError('\\ud800')",
    "an error in itself": "KeyError(KeyError(1))",
}


@pytest.mark.parametrize("made", ODD.values(), ids=ODD)
def test_an_odd_error_of_the_student_s_has_a_trace(runner: Runner, made: str) -> None:
    notebook = f"def f(x):\n    if x == 7: raise {made}\n    return x"
    result = marked(runner, notebook, "assert f(7) == 7", "assert f(1) == 1")
    assert scores(result) == {"q1": [0.0, 1.0]}
    assert result.questions[0].checks[0].trace.splitlines()[-1]


def test_describing_an_error_does_not_call_the_student_s_code() -> None:
    """From Python 3.12 on, Python's own message lists the object's attributes."""
    asked: list[str] = []
    listing = (
        "class Box:\n    def __dir__(self): told('dir'); return [1]\n"
        "    def __repr__(self): told('repr'); return 'Box'\nbox = Box()"
    )
    names: dict[str, Any] = {"told": asked.append}
    exec(listing, names)  # noqa: S102 - a notebook
    with student_with(names) as student:
        box = Names(student, Library({}), ())["box"]
        error = AttributeError("no attribute 'colour'", name="colour", obj=box)
        assert _last_line(error) == "AttributeError: no attribute 'colour'\n"
    assert asked == []
