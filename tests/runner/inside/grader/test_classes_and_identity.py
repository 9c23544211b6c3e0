"""Class and identity of the student's objects, as the snapshot has told them.

Each test goes over all members of its kind, so a new one fails until somebody decides.
"""

import builtins
import collections
import functools
import inspect
import itertools
import operator
import types
import unittest
from collections.abc import Iterator
from typing import Any, Final

import pytest

from runner.inside.grader import identities, inspection, told_classes
from runner.inside.grader.identities import place_of
from runner.wire.special_methods import INSPECTIONS
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

# How a notebook makes an object of each class of Python's that is no value.
_MADE: Final = {
    **{
        name: f"{name}({arguments})"
        for name, arguments in {
            "map": "abs, [1]",
            "filter": "None, [1]",
            "zip": "[1], [2]",
            "enumerate": "[1]",
            "reversed": "(1, 2)",
            "property": "abs",
            "staticmethod": "abs",
            "classmethod": "abs",
        }.items()
    },
    "types.GeneratorType": "(x for x in 'ab')",
    "types.FunctionType": "lambda: 1",
    "types.BuiltinFunctionType": "len",
    "types.MethodType": "Own().method",
    "types.MappingProxyType": "types.MappingProxyType({})",
    "functools.partial": "functools.partial(abs)",
    "itertools.count": "itertools.count(1)",
    "itertools.chain": "itertools.chain([1])",
    "itertools.cycle": "itertools.cycle([1])",
    "itertools.repeat": "itertools.repeat(1)",
    "operator.itemgetter": "operator.itemgetter(1)",
    "collections.ChainMap": "collections.ChainMap({})",
    "io.StringIO": "io.StringIO('a')",
    "enum.Enum": "Own.Colour.RED",
    "ValueError": "ValueError('x')",
}
_NOTEBOOK: Final = """
import collections, enum, functools, io, itertools, operator, types
class Own:
    class Colour(enum.Enum):
        RED = object()
    def method(self): pass
def made(name): return eval(name)
"""
# Classes of these modules that are values, abstract, or made by no notebook's answer.
_OTHERS: Final = frozenset(
    (
        *("object", "type", "super", "slice", "range", "memoryview", "complex"),
        *("bool", "int", "float", "str", "bytes", "bytearray", "list", "tuple"),
        *("dict", "set", "frozenset", "__loader__"),
    )
)


def _classes_of_python() -> Iterator[str]:
    for name, value in vars(builtins).items():
        is_class = isinstance(value, type) and not issubclass(value, BaseException)
        if is_class and name not in _OTHERS:
            yield name


def test_each_class_of_python_is_decided() -> None:
    assert set(_classes_of_python()) - {"ellipsis"} <= set(_MADE)


def test_a_test_is_told_each_class_of_an_object() -> None:
    modules = "collections, enum, functools, io, itertools, operator, types"
    lines = [
        f"r = made({made!r})\nassert isinstance(r, {kind}), {kind!r}\n"
        f"assert not isinstance(r, (collections.UserDict, unittest.TestCase))\n"
        for kind, made in _MADE.items()
    ]
    test = f"import unittest, {modules}\n" + "".join(lines)
    assert tried(_NOTEBOOK, _NOTEBOOK, test).scores == (1.0,)


def test_all_base_classes_of_libraries_are_told() -> None:
    notebook = (
        "import collections.abc, enum, typing\nfrom contextlib import ContextDecorator\n"
        "T = typing.TypeVar('T')\n"
        "class A(ContextDecorator, collections.abc.Iterable, typing.Generic[T]):\n"
        "    def __iter__(self): return iter([1])\n"
    )
    test = (
        "import collections.abc, contextlib, typing\na = A()\n"
        "for kind in (contextlib.ContextDecorator, collections.abc.Iterable, typing.Generic):\n"
        "    assert isinstance(a, kind)\n"
        "assert isinstance(a, A) and not isinstance(a, collections.abc.Sized)\n"
        "assert type(a) is A and type(a) == A and type(a) is not contextlib.ExitStack"
    )
    assert tried(notebook, notebook, test).scores == (1.0,)


def test_an_unsent_class_of_values_is_refused() -> None:
    notebook = (
        "import numpy as np\ndef f(): return np.ma.masked_array([1], mask=[True])"
    )
    test = "import numpy as np\ntry:\n    assert not isinstance(f(), np.ndarray)\nexcept TypeError: pass"
    assert tried(notebook, notebook, test).scores == (0.0,)


@pytest.mark.parametrize(
    ("own", "other"),
    [
        *(("max", one) for one in ("max", "builtins.max")),
        *(("numpy.linalg.norm", "np.linalg.norm"), ("torch.relu", "torch.relu")),
        *(("random.shuffle", "random.shuffle"), ("statistics.mean", "statistics.mean")),
        *(("Counter", "collections.Counter"), ("dict.get", "dict.get")),
        ("np.add", "np.add"),
    ],
)
def test_is_says_whether_the_notebook_has_the_library_s_object(
    own: str, other: str
) -> None:
    imports = "import builtins, collections, operator, random, statistics, numpy, torch\nimport numpy as np\nimport unittest\nfrom collections import Counter\n"
    right = "def it(x): return x\n"
    for test in (
        f"assert it is not {other}",
        f"assert not (it is {other}) and {other} is not it",
    ):
        assert tried(right, right, imports + test).scores == (1.0,)
        wrong = tried(right, f"{imports}it = {own}", imports + test)
        assert wrong.scores == (0.0,)


def test_a_place_is_known_of_all_that_python_names() -> None:
    modules: tuple[types.ModuleType, ...] = (
        *(builtins, operator, inspect, itertools, functools, collections, types),
        collections.abc,
    )
    kinds = type | types.FunctionType | types.BuiltinFunctionType
    unknown = [
        f"{module.__name__}.{name}"
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, kinds) and not place_of(value)
    ]
    assert unknown == []


def test_all_functions_of_inspect_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """`isclass` is answered by the handle, which is a class where its object is."""
    for name in INSPECTIONS - {"isclass"}:
        asking = inspection._asking(name, getattr(inspect, name))
        monkeypatch.setattr(inspect, name, asking)
    named = {name for name in dir(inspect) if name.startswith("is")}
    assert named - INSPECTIONS == {"iskeyword"}
    objects = ("len", "Own", "Own().method", "dict.get", "str.join", "(x for x in 'a')")
    test = "import inspect\n" + "".join(
        f"assert inspect.{name}(made({one!r})) is {_answer(name, one)}, {one!r}\n"
        for name in sorted(INSPECTIONS)
        for one in objects
    )
    assert tried(_NOTEBOOK, _NOTEBOOK, test).scores == (1.0,)


def _answer(name: str, one: str) -> bool:
    space: dict[str, Any] = {}
    exec(_NOTEBOOK, space)  # noqa: S102 - ours
    return bool(getattr(inspect, name)(eval(one, space)))  # noqa: S307 - same


def test_operator_and_unittest_compare_by_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever compares by `is` for a test is listed here."""
    assert {one for one in dir(operator) if one.startswith("is")} == {
        *("is_", "is_not", "isub")
    }
    assert {one for one in dir(unittest.TestCase) if one.startswith("assertIs")} == {
        *("assertIs", "assertIsNot", "assertIsNone", "assertIsNotNone"),
        *("assertIsInstance",),
    }
    for owner, name in (
        *((operator, "is_"), (operator, "is_not")),
        *((unittest.TestCase, "assertIs"), (unittest.TestCase, "assertIsNot")),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    identities.install()
    imports, right = "import operator, unittest\n", "def it(x): return x"
    for test in (
        "assert operator.is_not(it, max) and not operator.is_(it, max)",
        "unittest.TestCase().assertIsNot(it, max)",
    ):
        assert tried(right, right, imports + test).scores == (1.0,)
        assert tried(right, "it = max", imports + test).scores == (0.0,)


@pytest.mark.parametrize("place", ["__main__.Own", "builtins.nothing", "torch", "a.b"])
def test_a_place_without_a_class_is_none(place: str) -> None:
    assert told_classes.class_at(place) is None
    assert told_classes.class_at("builtins.function") is types.FunctionType


_VIEWS: Final = {
    "keys": "['a']",
    "values": "[2]",
    "items": "[('a', 2)]",
    "get": "2",
}


@pytest.mark.parametrize("name", _VIEWS)
def test_each_method_of_an_own_mapping_is_called(name: str) -> None:
    named = {name for name in dir(collections.abc.Mapping) if name[0] != "_"}
    assert named == set(_VIEWS)
    right = "class M:\n    def __getitem__(self, k): return 2\n" + "".join(
        f"    def {one}(self, *k): return {value}\n" for one, value in _VIEWS.items()
    )
    given = "'a'" if name == "get" else ""
    test = f"m = M()\nassert m.{name}({given}) == {_VIEWS[name]}"
    assert tried(right, right, test).scores == (1.0,)
    wrong = right.replace(
        f"{name}(self, *k): return {_VIEWS[name]}", f"{name}(self, *k): return 0"
    )
    assert tried(right, wrong, test).scores == (0.0,)
