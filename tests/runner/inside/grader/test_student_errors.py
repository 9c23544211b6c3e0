"""Tests expect and read exceptions of the notebook's own classes."""

import builtins
from typing import Any

import pytest

from runner.host.runner import Runner
from runner.inside.grader.error_classes import OF_CLASS
from runner.inside.grader.error_traces import last_line
from runner.inside.grader.handles import is_handle
from runner.inside.grader.library_errors import ORDINARY
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
class Invalid(Exception):
    def __init__(self, errors):
        super().__init__(errors)
        self.errors = errors
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
def validate(): raise Invalid(['a'])
def found():
    error = ValueError(['a'], len)
    error.found, error.function = error.args
    raise error
def name_of(error): return type(error).__name__
"""
CLASSES = ("BankError", "Broke", "Closed", "TooLow", "Stop", "Invalid")


def run(test: str, notebook: str = BANK, classes: tuple[str, ...] = CLASSES) -> None:
    """Run the test; raise what it raises."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(notebook, names)  # noqa: S102 - a notebook
    failure: BaseException | None = None
    with student_with(names, classes=classes) as student:
        try:
            exec(test, Names(student, Library({}), ()))  # noqa: S102 - as the grader does
        except BaseException as error:  # noqa: BLE001 - raised once the student is gone
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
    "a list twice": "try: validate()\nexcept Invalid as e: assert e.errors == ['a'] == e.args[0]",
    "a list twice in Python's": "try: found()\nexcept ValueError as e: assert e.found == ['a']",
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
    with pytest.raises(BaseException, match=r"^$") as found:
        run("list(map(stop, [1]))", notebook, ("Stop",))
    assert not issubclass(type(found.value), (Exception, getattr(builtins, name)))
    run("try: stop(1)\nexcept Stop: pass", notebook, ("Stop",))


def test_an_exception_class_that_staff_do_not_define_is_a_plain_object() -> None:
    with pytest.raises(TypeError, match="BaseException"):
        run("try: withdraw(1)\nexcept Broke: pass", classes=())


@pytest.mark.parametrize("count", [1, 3000])
@pytest.mark.long
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
        assert last_line(error) == "AttributeError: no attribute 'colour'\n"
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


_OWN_ERROR = """
class Loud: pass
class Broke(Exception, Loud):
    "No money."
    def __repr__(self): return 'own'
class Plain(Exception): pass
def pay(kind): raise kind(5)
"""


@pytest.mark.parametrize("name", sorted(OF_CLASS))
def test_a_class_of_errors_describes_itself_as_other_classes_do(name: str) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(_OWN_ERROR, names)  # noqa: S102 - our own text
    with student_with(names, classes=["Broke"]) as student:
        broke = student.name("Broke")
        test = {"__name__": "checks", "Broke": broke}
        found = eval(f"Broke.{name}", test)  # noqa: S307 - our own text
        assert is_handle(found) or found in ("No money.", {})


def test_an_error_has_the_text_and_the_bases_of_its_class() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(_OWN_ERROR, names)  # noqa: S102 - our own text
    with student_with(names, classes=["Broke", "Plain", "Loud"]) as student:
        test = {name: student.name(name) for name in ("Broke", "Plain", "Loud", "pay")}
        test["__name__"] = "checks"
        for kind, text, is_loud in (
            ("Broke", "own", True),
            ("Plain", "Plain(5)", False),
        ):
            exec(  # noqa: S102 - our own text
                f"try: pay({kind})\nexcept {kind} as error:\n"
                f"    found = repr(error), isinstance(error, Loud), issubclass({kind}, Loud)",
                test,
            )
            assert test["found"] == (text, is_loud, is_loud)


# The class of a library's error, and code that raises one.
OF_LIBRARIES = {
    "sqlite3.OperationalError": "sqlite3.connect(':memory:').execute('SELECT nothing')",
    "statistics.StatisticsError": "statistics.mean([])",
    "zipfile.BadZipFile": "raise zipfile.BadZipFile('no')",
    "copy.Error": "raise copy.Error('no')",
}
REFUSED = """
try: f()
except {error} as e: assert isinstance(e, {error})
else: assert False
"""


@pytest.mark.parametrize("error", OF_LIBRARIES)
def test_an_error_of_an_installed_library_is_caught_by_its_class(error: str) -> None:
    library = error.partition(".")[0]
    notebook = f"import {library}\ndef f(): {OF_LIBRARIES[error]}"
    run(f"import {library}{REFUSED.format(error=error)}", notebook)
    lets_out = f"import {library}\ntry: f()\nexcept {error}: pass"
    with pytest.raises(Exception, match="no attribute"):
        run(lets_out, "def f(): return None.missing")


# What is no `Exception` in a notebook, or has a meaning for Python itself, and how a test
# asks for an ordinary error. `E` is the staff's class of errors.
_NO_ORDINARY = sorted(
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type)
    and issubclass(kind, BaseException)
    and kind.__module__ == "builtins"
    and not issubclass(kind, (*ORDINARY, ExceptionGroup))
    and kind not in {Exception, BaseExceptionGroup}
)
_PASSES_FOR_ONE = {
    "issubclass": "assert issubclass(E, Exception) and not issubclass(E, {kind})",
    "mro": "assert Exception in E.__mro__ and {kind} not in E.mro()",
    "bases": "assert E.__bases__ == (Exception,) and E.__base__ is Exception",
    "except": "try: f()\nexcept Exception as e: assert not isinstance(e, {kind})\n",
    "pytest": "import pytest\nwith pytest.raises(Exception) as i: f()\n"
    "assert not isinstance(i.value, {kind})",
    "unittest": "import unittest\nc = unittest.TestCase()\n"
    "with c.assertRaises(Exception) as i: f()\nc.assertNotIsInstance(i.exception, {kind})",
    "its own": "try: f()\nexcept E as e: assert isinstance(e, Exception) and not isinstance(e, {kind})",
    "built in": "try: g()\nexcept Exception as e: assert not isinstance(e, {kind})",
}


@pytest.mark.parametrize("test", _PASSES_FOR_ONE.values(), ids=_PASSES_FOR_ONE)
def test_an_error_that_is_not_ordinary_passes_for_no_exception(test: str) -> None:
    notebook = "class E({0}): pass\ndef f(): raise E('x')\ndef g(): raise {0}('x')"
    for kind in _NO_ORDINARY:
        asked = test.format(kind="ValueError" if kind == "BaseException" else kind)
        for base, score in (("Exception", 1.0), (kind, 0.0)):
            found = tried(notebook.format("Exception"), notebook.format(base), asked)
            assert found.scores == (score,), (kind, base)


def test_a_class_of_errors_tells_its_bases_however_deep_and_many() -> None:
    deep = "class E0({}): pass\n" + "".join(
        f"class E{n}(E{n - 1}): pass\n" for n in range(1, 40)
    )
    many = "".join(f"class B{n}(Exception): pass\n" for n in range(9)) + (
        f"class E39({', '.join(f'B{n}' for n in range(9))}, {{}}): pass\n"
    )
    mixed = "class M: pass\nclass E39(M, {}): pass\n"
    test = "assert {} not in E39.__mro__ and not issubclass(E39, {})"
    for notebook, unwanted in ((deep, "Exception"), (many, "ValueError")):
        found = tried(
            notebook.format("BaseException" if notebook is deep else "Exception"),
            notebook.format(unwanted),
            test.format(unwanted, unwanted),
        )
        assert found.scores == (0.0,)
    found = tried(
        mixed.format("Exception"),
        mixed.format("Exception"),
        "assert M not in E39.__mro__",
    )
    assert found.scores == (0.0,)


_GROUP = """
class Many(ExceptionGroup): pass
def f(): raise {}('x', [ValueError(1)])
"""
_OF_GROUPS = {
    "isinstance": (
        "try: f()\nexcept Exception as e: assert isinstance(e, ExceptionGroup)",
        1.0,
    ),
    "none": (
        "try: f()\nexcept Exception as e: assert not isinstance(e, ExceptionGroup)",
        0.0,
    ),
    "except": (
        "try: f()\nexcept ExceptionGroup as e: assert '1 sub-exception' in str(e)",
        1.0,
    ),
    "its errors": (
        "try: f()\nexcept ExceptionGroup as e:\n    try: e.exceptions\n    except TypeError: pass",
        0.0,
    ),
    "no part": (
        "try: f()\nexcept ExceptionGroup as e: assert e.subgroup(KeyError) is None",
        0.0,
    ),
    "except*": ("try: f()\nexcept* KeyError: pass", 0.0),
}


@pytest.mark.parametrize(("test", "score"), _OF_GROUPS.values(), ids=_OF_GROUPS)
@pytest.mark.parametrize("kind", ["ExceptionGroup", "Many"])
def test_a_group_of_errors_passes_for_a_group_alone(
    kind: str, test: str, score: float
) -> None:
    notebook = _GROUP.format(kind)
    assert tried(notebook, notebook, test).scores == (score,)
