"""What a test asks about an object itself: its bases, abilities and special names.

A stand-in says of nothing that the object has none of it, unless the snapshot said so.
"""

from collections.abc import Mapping
from typing import Final

import pytest

from runner.host.runner import Runner
from runner.inside.grader.inspection import REFUSED
from tests.runner.notebooks import marked, scores
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_METHODS: Final = (
    "    def push(self, x): self.append(x)\n    def size(self): return len(self)\n"
)
_IS_A_LIST: Final = f"class Stack(list):\n{_METHODS}"
_HOLDS_A_LIST: Final = """
class Stack:
    def __init__(self): self._items = []
    def push(self, x): self._items.append(x)
    def size(self): return len(self._items)
"""
_IS_A_DICT: Final = """
from collections import OrderedDict
class Stack(OrderedDict):
    def push(self, x): self[x] = x
    def size(self): return len(self)
"""
_BASES: Final = {
    "isinstance": "s = Stack(); s.push(1)\nassert s.size() == 1 and not isinstance(s, (list, dict))",
    "issubclass": "assert not issubclass(Stack, list) and not issubclass(Stack, dict)",
    "the bases": "assert Stack.__bases__ == (object,)",
    "an abstract class": "from collections.abc import MutableSequence, Mapping\nassert not isinstance(Stack(), (MutableSequence, Mapping))",
}


@pytest.mark.parametrize("test", _BASES.values(), ids=_BASES)
@pytest.mark.parametrize(
    ("notebook", "score"),
    [(_HOLDS_A_LIST, 1.0), (_IS_A_LIST, 0.0), (_IS_A_DICT, 0.0)],
    ids=["holds one", "list", "OrderedDict"],
)
def test_a_class_of_values_as_a_base_is_told(
    test: str, notebook: str, score: float
) -> None:
    assert tried(_HOLDS_A_LIST, notebook, test).scores == (score,)


def test_a_list_of_its_own_still_passes_for_a_list() -> None:
    test = (
        "s = Stack(); s.push(1)\nassert isinstance(s, list) and issubclass(Stack, list)\n"
        "assert s == [1] and list not in (type(s), object) and s.size() == 1"
    )
    assert tried(_IS_A_LIST, _IS_A_LIST, test).scores == (1.0,)


_V: Final = "class V:\n    def __init__(self, x): self.x = x\n"
_ABILITIES: Final = {
    "hash": (
        "    def __eq__(self, o): return self.x == o.x\n",
        (
            "    def __eq__(self, o): return self.x == o.x\n"
            "    def __hash__(self): return hash(self.x)\n"
        ),
        "from collections.abc import Hashable\nassert isinstance(V(1), Hashable)",
    ),
    "abs": (
        "",
        "    def __abs__(self): return abs(self.x)\n",
        "from typing import SupportsAbs\nassert isinstance(V(1), SupportsAbs)",
    ),
    "float": (
        "",
        "    def __float__(self): return 1.0\n",
        "from typing import SupportsFloat\nassert isinstance(V(1), SupportsFloat)",
    ),
    "index": (
        "",
        "    def __index__(self): return 1\n",
        "import typing\nassert isinstance(V(1), typing.SupportsIndex)",
    ),
    "leaving": (
        "    def __enter__(self): return self\n",
        "    def __enter__(self): return self\n    def __exit__(self, *a): return None\n",
        "from contextlib import AbstractContextManager\nassert isinstance(V(1), AbstractContextManager)",
    ),
    "an operator": (
        "",
        "    def __add__(self, o): return V(self.x + o.x)\n",
        "assert hasattr(type(V(1)), '__add__')",
    ),
    "a reversed operator": (
        "    def __add__(self, o): return V(self.x + o.x)\n",
        "    def __radd__(self, o): return V(self.x + o.x)\n",
        "assert getattr(type(V(1)), '__radd__', None)",
    ),
}


@pytest.mark.parametrize("name", _ABILITIES)
def test_an_object_has_the_abilities_of_its_class(name: str) -> None:
    wrong, right, test = _ABILITIES[name]
    assert tried(_V + right, _V + right, test).scores == (1.0,)
    assert tried(_V + right, _V + wrong, test).scores == (0.0,)


_WITHOUT: Final = {
    "hash": "    def __eq__(self, o): return True\n|hash(v)",
    "a set": "    def __eq__(self, o): return True\n|{v}",
    "abs": "|abs(v)",
    "float": "|float(v)",
    "plus": "|v + v",
    "with": "    def __enter__(self): return self\n|exec('with v: pass')",
}


@pytest.mark.parametrize("name", _WITHOUT)
def test_what_a_class_cannot_do_is_an_error_as_in_a_notebook(name: str) -> None:
    body, line = _WITHOUT[name].split("|")
    test = f"v = V(1)\ntry: {line}\nexcept TypeError: pass\nelse: assert False"
    assert tried(_V + body, _V + body, test).scores == (1.0,)


_POINT: Final = """
class Point:
    def __init__(self, x, y): self.x, self.y = x, y
def add(x, acc=None): return [*(acc or []), x]
M = {}
def fib(n):
    if n not in M: M[n] = n if n < 2 else fib(n - 1) + fib(n - 2)
    return M[n]
"""
_MADE_BY_LIBRARIES: Final = """
import dataclasses, functools
@dataclasses.dataclass
class Point:
    x: int
    y: int
def add(x, acc=[]): return acc + [x]
@functools.lru_cache(None)
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
"""
_NAMES: Final = {
    "a dataclass": "import dataclasses\nassert not dataclasses.is_dataclass(Point)",
    "an instance": "import dataclasses\nassert not dataclasses.is_dataclass(Point(1, 2))",
    "its fields": "assert not hasattr(Point, '__dataclass_fields__')",
    "its parameters": "assert not hasattr(Point, '__dataclass_params__')",
    "a wrapped function": "assert fib(9) == 34 and not hasattr(fib, '__wrapped__')",
    "a default": "assert not any(isinstance(d, list) for d in getattr(add, '__defaults__', None) or ())",
    "a signature": "import inspect\nassert not isinstance(inspect.signature(add).parameters['acc'].default, list)",
}
_TRUE: Final = {
    "a dataclass": "import dataclasses\nassert dataclasses.is_dataclass(Point) and dataclasses.is_dataclass(Point(1, 2))",
    "fields": "assert list(Point.__dataclass_fields__) == ['x', 'y']",
    "code": "assert add.__code__.co_varnames == ('x', 'acc')",
    "wrapped": "assert fib.__wrapped__(1) == 1",
    "a signature": "import inspect\nassert str(inspect.signature(add)) == '(x, acc=[])'",
}
_REFUSED: Final = {
    "a type's fields": "type(Point(1, 2)).__dataclass_fields__",
    "a type's comparison": "type(Point(1, 2)).__eq__",
    "a type's bases": "type(Point(1, 2)).__bases__",
    "a type's method": "type(Point(1, 2)).push",
    "fields": "import dataclasses; dataclasses.fields(Point)",
    "as a dictionary": "import dataclasses; dataclasses.asdict(Point(1, 2))",
}


def _marks(runner: Runner, notebook: str, tests: Mapping[str, str]) -> dict[str, float]:
    defined = {"defined_names": ("Point", "add", "fib"), "defined_classes": ("Point",)}
    found = marked(runner, notebook, *tests.values(), **defined)
    return dict(zip(tests, scores(found)["q1"], strict=True))


@pytest.mark.parametrize(
    ("notebook", "score"), [(_POINT, 1.0), (_MADE_BY_LIBRARIES, 0.0)]
)
def test_special_names_are_asked_of_the_object(
    runner: Runner, notebook: str, score: float
) -> None:
    assert _marks(runner, notebook, _NAMES) == dict.fromkeys(_NAMES, score)


def test_what_an_object_has_is_told(runner: Runner) -> None:
    assert _marks(runner, _MADE_BY_LIBRARIES, _TRUE) == dict.fromkeys(_TRUE, 1.0)


def test_what_a_stand_in_cannot_tell_is_refused(runner: Runner) -> None:
    tests = {
        name: f"try:\n    {line}\nexcept Exception: pass"
        for name, line in _REFUSED.items()
    }
    assert _marks(runner, _MADE_BY_LIBRARIES, tests) == dict.fromkeys(tests, 0.0)


_OBJECTS: Final = """
import enum, functools, itertools, re, threading
import torch
from torch import nn
from sklearn.linear_model import LinearRegression
class Own:
    class Inner: pass
class Color(enum.Enum): RED = 1
def local():
    class Local(nn.Module): pass
    return Local()
class int: pass
"""
_MADE: Final = (
    *("Own()", "Own.Inner()", "local()", "nn.LSTM(2, 3)", "LinearRegression()"),
    *("local", "len", "(x for x in [])", "functools.partial(local)", "Own().__eq__"),
    *("re.compile('a')", "itertools.count()", "threading.Lock()", "Own", "Color"),
    *("torch.Generator()", "LinearRegression"),
)
_NAMES_OF_CLASS: Final = ("__module__", "__qualname__", "__name__")


@pytest.mark.parametrize("libraries", ["", "import sklearn.linear_model\n"])
def test_the_class_of_an_object_has_the_names_that_it_has_in_the_notebook(
    libraries: str,
) -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    exec(_OBJECTS, names)  # noqa: S102 - our own text
    for made in _MADE:
        kind = type(eval(made, names))  # noqa: S307 - same
        notebook = f"{_OBJECTS}def make(): return {made}"
        told = {one: getattr(kind, one) for one in _NAMES_OF_CLASS}
        test = f"{libraries}t = type(make())\nassert [str(t), repr(t)] == {[str(kind)] * 2}\n"
        test += f"assert {{n: getattr(t, n) for n in {_NAMES_OF_CLASS}}} == {told}"
        assert tried(notebook, notebook, test).scores == (1.0,), made


@pytest.mark.parametrize("name", [*_NAMES_OF_CLASS, "__doc__", "__repr__"])
def test_a_class_named_like_one_of_values_shows_no_name(name: str) -> None:
    notebook = f"{_OBJECTS}def make(): return int()"
    for asked in (f"type(make()).{name}", "str(type(make()))", "repr(type(make()))"):
        assert tried(notebook, notebook, f"assert 'x' not in {asked}").scores == (0.0,)


_LOOPS: Final = """
def f(n):
    t = 0
    for i in range(n): t += i
    return t
class Own:
    def m(self): return [i for i in f]
made = Own()
"""
_NO_LOOP: Final = (
    "def f(n): return 0\nclass Own:\n    def m(self): return 0\nmade = Own()"
)
# The functions of `dis` that take a function or the like.
_DESCRIBING_CODE: Final = (
    *("dis.dis({})", "dis.dis({}, file=out)"),
    *("dis.show_code({}, file=out)", "print(dis.code_info({}), file=out)"),
    *(
        "print(*dis.get_instructions({}), file=out)",
        "print(*dis.Bytecode({}), file=out)",
    ),
    "print(dis.Bytecode({}).dis(), file=out)",
)


@pytest.mark.parametrize("describe", _DESCRIBING_CODE)
def test_a_library_does_not_describe_a_stand_in_as_if_it_had_no_code(
    describe: str,
) -> None:
    for given in ("f", "Own", "made.m", "made", "Own.m"):
        test = (
            "import contextlib, dis, io\nout = io.StringIO()\n"
            "with contextlib.redirect_stdout(out):\n"
            f"    try: {describe.format(given)}\n    except (TypeError, AttributeError): pass\n"
            "assert 'FOR_ITER' not in out.getvalue()"
        )
        assert tried(_NO_LOOP, _LOOPS, test).scores == (0.0,), given


_SLOTS_ALONE: Final = (
    "class Node:\n    __slots__ = ('v',)\nclass Kept(Node): {}\nn = Node()"
)
_WITH_WEAK: Final = _SLOTS_ALONE.replace("('v',)", "('v', '__weakref__')")
_WEAK_REFERENCES: Final = (
    *("weakref.ref({})", "weakref.ref({}, print)", "weakref.proxy({})"),
    *(
        "weakref.WeakSet([{}])",
        "weakref.WeakSet().add({})",
        "weakref.finalize({}, print)",
    ),
    *("weakref.WeakValueDictionary(a={})", "weakref.WeakKeyDictionary([({}, 1)])"),
    *(
        "weakref.WeakValueDictionary().setdefault(1, {})",
        "ref({})",
        "KeyedRef({}, print, 1)",
    ),
)


def test_a_weak_reference_is_made_where_the_notebook_makes_one(runner: Runner) -> None:
    before = "import weakref\nfrom weakref import KeyedRef, ref\n"
    forms = [
        make.format(given) for make in _WEAK_REFERENCES for given in ("n", "Node()")
    ]
    made = [f"{before}x = {form}" for form in forms]
    refused = [
        f"{before}try: {form}\nexcept TypeError: pass\nelse: assert False"
        for form in forms
    ]
    for notebook, can in ((_WITH_WEAK, 1.0), (_SLOTS_ALONE, 0.0)):
        found = marked(runner, notebook.format("pass"), *made, *refused)
        expected = [can] * len(made) + [1 - can] * len(refused)
        assert scores(found) == {"q1": expected}


_CLASSES: Final = """
import abc, dataclasses
class Final:
    def __init_subclass__(cls): raise TypeError('final')
class A: pass
@dataclasses.dataclass
class B(A):
    x: int = 0
class Abstract(abc.ABC): pass
made = B()
"""
# What asks for the class behind a type, and would describe the type of the stand-in.
_ASKING_TYPES: Final = (
    *(f"inspect.{name}(type(made))" for name in REFUSED),
    *(
        f"dataclasses.{name}(type(made))"
        for name in ("fields", "is_dataclass", "asdict")
    ),
    "inspect.isabstract(type(made))",
)


def test_the_type_of_an_object_is_described_as_little_as_the_object(
    runner: Runner,
) -> None:
    tests = [
        f"import dataclasses, inspect\ntry: {one}\nexcept (TypeError, AttributeError): pass"
        for one in _ASKING_TYPES
    ]
    assert scores(marked(runner, _CLASSES, *tests)) == {"q1": [0.0] * len(tests)}


def test_a_type_is_a_subclass_as_the_class_of_its_object_is() -> None:
    test = "assert issubclass(type(made), A) and not issubclass(type(made), Final)"
    assert tried(_CLASSES, _CLASSES, test).scores == (1.0,)
    wrong = _CLASSES.replace("class B(A)", "class B")
    assert tried(_CLASSES, wrong, test).scores == (0.0,)


_DERIVING: Final = (
    *("type('Sub', (Final,), {})", "type('Sub', (A, Final), {})"),
    *("types.new_class('Sub', (Final,))", "abc.ABCMeta('Sub', (Final,), {})"),
    *(
        "dataclasses.make_dataclass('Sub', [], bases=(Final,))",
        "type(A)('Sub', (Final,), {})",
    ),
    *("type.__new__(type, 'Sub', (Final,), {})", "type('Sub', (object, Final), {})"),
    "types.resolve_bases((Final,)) and type('Sub', types.resolve_bases((Final,)), {})",
)


@pytest.mark.parametrize("derive", _DERIVING)
def test_no_class_of_a_test_derives_from_one_of_the_notebook_s(derive: str) -> None:
    test = f"import abc, dataclasses, types\ntry: {derive}\nexcept TypeError: pass"
    assert tried(_CLASSES, _CLASSES, test).scores == (0.0,)
