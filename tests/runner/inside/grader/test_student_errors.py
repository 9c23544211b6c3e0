"""Tests expect and read exceptions of the notebook's own classes."""

from typing import Any

import pytest

from runner.host.runner import Runner
from runner.inside.grader.grader_loop import _last_line
from runner.inside.grader.names import Library, Names
from tests.runner.notebooks import marked, scores
from tests.runner.pairs import student_with
from tests.runner.proof.recording import tried

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
def read(path): return open(path)
def decoded(data): return data.decode()
def coded():
    error = ValueError('no')
    error.code = 3
    error.add_note('see')
    raise error
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
    "exactly Python's class": "try: find({}, 'k')\nexcept KeyError as e: assert type(e) is KeyError and e.__class__ is KeyError",
    "a key that is an object": "try: find({}, name_of)\nexcept KeyError as e: assert type(e) is KeyError and str(e).startswith('<function')",
    "a missing file": "try: read('nothing')\nexcept OSError as e: assert type(e) is FileNotFoundError and e.filename == 'nothing' and e.errno == 2",
    "bytes that are no text": "try: decoded(b'\\xff')\nexcept ValueError as e: assert type(e) is UnicodeDecodeError and e.start == 0",
    "an attribute put on it": "try: coded()\nexcept ValueError as e: assert type(e) is ValueError and e.code == 3 and e.__notes__ == ['see']",
    "a class of its own is no other": "try: check_age(-1)\nexcept ValueError as e: assert type(e) is not ValueError",
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


_EMPTY = """
def mean(xs):
    if not xs: raise KIND('empty')
    return sum(xs) / len(xs)
"""
_EXACT = {
    "is not": "assert type(e) is not Exception",
    "!=": "assert type(e) != Exception",
    "not in": "assert type(e) not in (Exception, RuntimeError)",
    "its name": "assert type(e).__name__ != 'Exception'",
    "its class": "assert e.__class__ is not Exception",
    "its bases": "assert type(e).__mro__[0] is not Exception",
    "its text": "assert not repr(e).startswith('Exception')",
}


@pytest.mark.parametrize("line", _EXACT.values(), ids=_EXACT)
@pytest.mark.parametrize(("kind", "score"), [("ValueError", 1.0), ("Exception", 0.0)])
def test_an_error_is_exactly_of_the_class_that_was_raised(
    line: str, kind: str, score: float
) -> None:
    staff, notebook = (_EMPTY.replace("KIND", one) for one in ("ValueError", kind))
    test = f"try: mean([])\nexcept Exception as e: {line}\nelse: assert False"
    assert tried(staff, notebook, test).scores == (score,)
    test = f"import pytest\nwith pytest.raises(Exception) as info: mean([])\ne = info.value\n{line}"
    assert tried(staff, notebook, test).scores == (score,)


_LOOK = """
D = {'a': 1}
class Unknown(Exception): pass
def look(k):
    try: return D[k]
    except KeyError as key:
        raise KIND('unknown')FROM
"""
_CHAINED = {
    "from None": (
        "",
        " from None",
        "assert e.__suppress_context__ or e.__context__ is None",
    ),
    "a cause": (
        " from None",
        " from key",
        "assert type(e.__cause__) is KeyError and e.__cause__.args == ('b',)",
    ),
    "a traceback's text": (
        "",
        " from None",
        "import traceback; assert 'KeyError' not in ''.join(traceback.format_exception(e))",
    ),
    "no context": (
        " from None",
        "",
        "assert not e.__suppress_context__ and isinstance(e.__context__, KeyError)",
    ),
    "no cause": (" from key", "", "assert e.__cause__ is None"),
}


@pytest.mark.parametrize("name", _CHAINED)
@pytest.mark.parametrize("kind", ["ValueError", "Unknown"])
def test_an_error_tells_of_those_behind_it(name: str, kind: str) -> None:
    wrong, right, line = _CHAINED[name]
    test = f"try: look('b')\nexcept Exception as e: {line}\nelse: assert False"
    staff = _LOOK.replace("KIND", kind)
    for ending, score in ((right, 1.0), (wrong, 0.0)):
        found = tried(staff.replace("FROM", right), staff.replace("FROM", ending), test)
        assert found.scores == (score,)


def test_a_long_chain_and_a_circle_of_errors_are_cut() -> None:
    notebook = """
def f(n):
    try:
        if n: f(n - 1)
    finally:
        raise ValueError(n)
def g():
    one, two = ValueError(1), KeyError(2)
    one.__context__, two.__context__ = two, one
    raise one from two
"""
    test = (
        "try: f(50)\nexcept ValueError as e: assert e.args == (50,)\n"
        "try: g()\nexcept ValueError as e: assert e.__cause__.__context__ is e"
    )
    assert tried(notebook, notebook, test).scores == (1.0,)
