"""Every slot by which Python asks an object is asked, told or refused: all of them.

The tests go over Python's own data model, so a slot, an operator or a function of
`inspect` that nobody has thought of fails here until somebody decides what it does.
"""

import _collections_abc
import builtins
import collections.abc
import contextlib
import inspect
import itertools
import math
import operator
import os
import pickle
import re
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from runner.inside.grader import inspection, refusals, told_abilities
from runner.inside.grader.handle_slots import SLOTS
from runner.inside.grader.handles import is_handle
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch


_KINDS: Final = (
    *(one for one in vars(builtins).values() if isinstance(one, type)),
    *(one for one in vars(types).values() if isinstance(one, type)),
    *(getattr(collections.abc, name) for name in collections.abc.__all__),
    *(one for name, one in vars(typing).items() if name.startswith("Supports")),
    *(os.PathLike, contextlib.AbstractContextManager),
    contextlib.AbstractAsyncContextManager,
)
# Attributes that describe functions, classes, modules and errors. `special_names` and
# `student_errors` decide what a test is told of them.
_DESCRIBING: Final = frozenset(
    [
        "__abstractmethods__",
        "__annotations__",
        "__args__",
        "__base__",
        "__basicsize__",
        "__bases__",
        "__builtins__",
        "__cached__",
        "__cause__",
        "__closure__",
        "__code__",
        "__context__",
        "__defaults__",
        "__dict__",
        "__dictoffset__",
        "__doc__",
        "__file__",
        "__flags__",
        "__func__",
        "__globals__",
        "__isabstractmethod__",
        "__itemsize__",
        "__kwdefaults__",
        "__loader__",
        "__module__",
        "__name__",
        "__notes__",
        "__objclass__",
        "__origin__",
        "__package__",
        "__parameters__",
        "__path__",
        "__qualname__",
        "__self__",
        "__spec__",
        "__static_attributes__",
        "__suppress_context__",
        "__text_signature__",
        "__thisclass__",
        "__self_class__",
        "__traceback__",
        "__type_params__",
        "__typing_unpacked_tuple_args__",
        "__unpacked__",
        "__weakrefoffset__",
        "__wrapped__",
        "__firstlineno__",
        "__annotate__",
        "__match_args__",
        "__orig_bases__",
        "__protocol_attrs__",
        "__non_callable_proto_members__",
        "__mro__",
        "__slots__",
        "__subclasses__",
        "__alloc__",
        "__getformat__",
    ]
)


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def test_each_slot_of_python_s_data_model_is_decided() -> None:
    names = {name for kind in _KINDS for name in dir(kind) if _is_special(name)}
    assert names - _DESCRIBING - set(SLOTS) == set()


# --- What Python's functions give for an object, in a notebook and in a test -------------

_RESULTS: Final = {
    **{f"__{name}__": "'OWN'" for name in ("repr", "str")},
    "__format__": "'f' + a[0]",
    "__bytes__": "b'own'",
    "__fspath__": "'own'",
    "__len__": "3",
    "__length_hint__": "4",
    "__sizeof__": "4000",
    "__hash__": "7",
    "__bool__": "False",
    "__int__": "5",
    "__index__": "6",
    "__float__": "2.5",
    "__complex__": "2j",
    "__iter__": "iter((8, 9, 10))",
    "__reversed__": "iter((10, 9, 8))",
    "__contains__": "True",
    "__dir__": "['own']",
    "__getitem__": "(4, 5, 6)[a[0]]",
    "__reduce_ex__": "(str, ('own',))",
    "__copy__": "type(s)(2)",
    "__deepcopy__": "type(s)(2)",
    "__next__": "3",
    "__call__": "11",
    "__round__": "12",
    "__floor__": "13",
    "__ceil__": "14",
    "__trunc__": "15",
    **{f"__{name}__": "True" for name in ("eq", "ne", "lt", "le", "gt", "ge")},
}
_OPERATORS: Final = (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "divmod"),
    *("and", "or", "xor", "lshift", "rshift"),
)
_MADE: Final = (
    *(f"__{side}{name}__" for name in _OPERATORS for side in ("", "r", "i")),
    *("__neg__", "__pos__", "__invert__", "__abs__"),
)
_HAVING: Final = {**_RESULTS, **dict.fromkeys(_MADE, "type(s)(s.n + 1)")}
_HEAD: Final = "class {0}:\n    def __init__(s, n=1): s.n = n\n"


def _notebook() -> str:
    """Return a notebook with a class that has all slots, one for each slot, and one bare."""
    defined = {
        name: f"    def {name}(s, *a): return {body}\n"
        for name, body in _HAVING.items()
    }
    classes = {f"Has{name}": body for name, body in defined.items()}
    classes |= {"All": "".join(defined.values()), "Bare": ""}
    return "".join(_HEAD.format(name) + body for name, body in classes.items())


# What an object that the test has made must answer, and not refuse.
_ANSWERED: Final = frozenset(
    [
        "abs",
        "ascii",
        "bytes",
        "callable",
        "dir",
        "divmod",
        "format",
        "iter",
        "len",
        "list",
        "next",
        "pow",
        "repr",
        "reversed",
        "round",
        "str",
        "tuple",
        "floor",
        "ceil",
        "neg",
        "pos",
        "invert",
        "add",
        "sub",
        "mul",
        "matmul",
        "truediv",
        "floordiv",
        "mod",
        "and_",
        "or_",
        "xor",
        "lshift",
        "rshift",
        "iadd",
        "ior",
        "iand",
        "getitem",
        "length_hint",
    ]
)
_ADDRESS: Final = re.compile(" at 0x[0-9a-f]+")
# Functions that show where an object lies, wait, or take text and no object.
_LEFT_OUT: Final = frozenset(
    [
        "id",
        "hash",
        "input",
        "print",
        "exec",
        "eval",
        "compile",
        "open",
        "exit",
        "quit",
        "breakpoint",
        "help",
        "__import__",
        "copyright",
        "credits",
        "license",
        "globals",
        "locals",
        "__build_class__",
        "super",
        "classmethod",
        "property",
        "staticmethod",
        "memoryview",
        "object",
        "map",
        "filter",
        "zip",
        "iter",
        "enumerate",
        "type",
        "anext",
        "aiter",
        "attrgetter",
        "itemgetter",
        "methodcaller",
        "call",
        "vars",
    ]
)


def _cases(classes: list[str]) -> Iterator[tuple[str, str, Callable[..., Any], Any]]:
    """Yield what to ask an object of which class: most of it of two of the classes."""
    for name, function in _functions():
        for more in ((), (2,), (0, 2)):
            yield "All", name, function, more
            yield "Bare", name, function, more
        if name not in vars(operator):
            one_slot = [kind for kind in classes if kind[3:] in _RESULTS]
            yield from ((kind, name, function, ()) for kind in one_slot)


def _functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for module in (builtins, operator, math):
        for name, one in vars(module).items():
            is_error = isinstance(one, type) and issubclass(one, BaseException)
            is_special = _is_special(name) or name in _LEFT_OUT or is_error
            if callable(one) and not is_special:
                yield name, one
    yield "bytes of a format", lambda x: b"%b" % x
    yield "f-string", lambda x: f"{x}"
    yield "f-string with a format", lambda x: f"{x:>9}"
    yield "str.format", "{:>9}".format
    yield "fspath", os.fspath
    yield "list of all", lambda x: [*x]
    yield "unpacked", lambda x: dict(**x)


def _known(value: Any) -> object:
    """Return what of a result can be compared between a notebook and a test."""
    if is_handle(value) or type(value).__module__ == "checks":
        return "object", value.n
    if isinstance(value, list | tuple | set):
        return type(value), [_known(one) for one in value]
    if isinstance(value, Iterator):
        return "iterator", [_known(one) for one in itertools.islice(value, 9)]
    return value


def _outcome(function: Callable[..., Any], arguments: list[Any]) -> str:
    """Return what the call gives, the class of its error, or that it is refused."""
    refusals.forget()
    found: object
    try:
        found = _known(function(*arguments))
    except Exception as error:  # noqa: BLE001 - any of the functions'
        found = next(one for one in type(error).__mro__ if one.__module__ == "builtins")
    return "refused" if refusals.first() is not None else _ADDRESS.sub("", repr(found))


@pytest.fixture
def told_abilities_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (_collections_abc, os):
        monkeypatch.setattr(module, "_check_methods", told_abilities.check_methods)


@pytest.mark.usefixtures("told_abilities_alone")
def test_no_function_of_python_s_is_answered_by_the_handle() -> None:
    """Whatever Python's functions and operators give is the object's, or refused."""
    plain: dict[str, Any] = {"__name__": "checks"}
    exec(_notebook(), plain)  # noqa: S102 - our own text
    classes = [name for name in plain if name.startswith(("Has", "All", "Bare"))]
    differing: list[object] = []
    refused: set[str] = set()
    with student_with(plain, classes=classes, methods=[*_HAVING]) as student:
        told = {name: student.name(name) for name in classes}
        for kind, name, function, more in _cases(classes):
            own, here = plain[kind](), told[kind]()
            due = _outcome(function, [own, *more])
            found = _outcome(function, [here, *more])
            if found not in ("refused", due):
                differing.append((kind, name, more, due, found))
            if found == "refused" and kind == "All" and not more:
                refused.add(name)
    assert differing == []
    assert refused & _ANSWERED == set()


def test_each_function_of_inspect_is_decided() -> None:
    functions = {
        name
        for name, one in vars(inspect).items()
        if inspect.isfunction(inspect.unwrap(one))
        and one.__module__ == "inspect"
        and not name.startswith("_")
    }
    known = {*inspection.ASKED, *inspection.ANSWERED, *inspection.REFUSED}
    assert functions <= known
    assert set(inspection.REFUSED) == {
        *("get_annotations", "getmembers_static", "classify_class_attrs", "getmro"),
        *("unwrap", "getsourcefile", "getabsfile", "getmodule", "getcomments"),
        *("getsourcelines", "getclasstree", "getfullargspec", "getcallargs"),
        *("getclosurevars", "getlineno", "getattr_static", "getgeneratorstate"),
        *("getgeneratorlocals", "getcoroutinestate", "getcoroutinelocals"),
    }


_CLASSES: Final = """
class Deck:
    def __init__(self, *x): self.x = x
    def __len__(self): return 2
    def __getitem__(self, i): return self.x[i]
class Kept:
    def __get__(self, o, kind=None): return 3
    def __set__(self, o, value): pass
class Named:
    def __set_name__(self, owner, name): pass
class Waits:
    def __await__(self): yield
class Steps:
    def __aiter__(self): return self
    async def __anext__(self): return 1
    async def __aenter__(self): return self
    async def __aexit__(self, *e): pass
class Box:
    def __class_getitem__(cls, key): return cls
def twice(x, y=1): return "twice"
"""
_TOLD: Final = (
    "list(Deck(1, 2)) == [1, 2] and not isinstance(Deck(1, 2), abc.Iterable)",
    "[*reversed(Deck(1, 2))] == [2, 1] and not isinstance(Deck(1, 2), abc.Reversible)",
    "not isinstance(Deck(1, 2), abc.Collection) and isinstance(Deck(1), abc.Sized)",
    "isinstance(Waits(), abc.Awaitable) and not isinstance(Waits(), abc.Coroutine)",
    "isinstance(Steps(), abc.AsyncIterator)",
    "isinstance(Deck(), Deck | None) and isinstance(3, int | Deck)",
    "not isinstance(Kept(), Deck | Named) and isinstance(Kept(), Deck | Named | Kept)",
    "type('T', (), {'f': staticmethod(twice)})().f(3) == 'twice'",
)
_IN_WORDS: Final = (
    *("type(Deck(1))(2)", "list(type(Deck()))", "len(type(Deck()))", "type(Deck())[0]"),
    *("type('T', (), {'a': Kept()})", "type('T', (), {'a': Named()})", "Deck | 3"),
    *("pickle.dumps(Deck(1))", "Box[int]", "Deck().__reduce_ex__", "Deck().__sizeof__"),
    *("type('T', (), {'f': twice})().f(3)", "f'{Deck:>30}'"),
    "Steps().__aiter__()",
)


@pytest.mark.usefixtures("told_abilities_alone")
def test_abilities_are_told_and_the_rest_is_refused_in_words() -> None:
    plain: dict[str, Any] = {"__name__": "checks"}
    exec(_CLASSES, plain)  # noqa: S102 - our own text
    names = [name for name in plain if name[0].isalpha()]
    with student_with(plain, classes=names[:-1], methods=["__getitem__"]) as student:
        test: dict[str, Any] = {name: student.name(name) for name in names}
        test |= {"__name__": "checks", "abc": collections.abc, "pickle": pickle}
        for text in _TOLD:
            refusals.forget()
            assert eval(text, test), text  # noqa: S307 - our own text
            assert refusals.first() is None, text
        for text in _IN_WORDS:
            refusals.forget()
            with contextlib.suppress(Exception):
                eval(text, test)  # noqa: S307 - our own text
            assert refusals.first() is not None, text
