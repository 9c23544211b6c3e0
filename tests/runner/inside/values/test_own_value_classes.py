"""Values of the notebook's own classes, and values of Python's: each arrives as its class."""

import importlib
import json
import time
from collections import deque
from datetime import UTC, datetime, timedelta, timezone
from datetime import time as day_time
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, Final

import numpy as np
import pytest
import torch

from runner.inside.values import codec, library, own_operators
from tests.runner.inside.values.test_values import cross
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

# A value of each class of values, and an operator or a method of it.
_VALUES: Final = {
    "int": ("3", "v + 1"),
    "float": ("3.5", "v + 1"),
    "complex": ("3j", "v + 1"),
    "str": ("'a'", "v.upper()"),
    "bytes": ("b'a'", "v.upper()"),
    "tuple": ("(1, 2)", "v + (1,)"),
    "list": ("[1, 2]", "v.append(1)"),
    "dict": ("{'a': 1}", "v.get('a')"),
    "set": ("{1}", "v.add(2)"),
    "frozenset": ("[1]", "v.union({2})"),
    "bytearray": ("b'a'", "v.append(98)"),
    "deque": ("[1, 2]", "v.append(1)"),
    "ndarray": ("", "v + 1"),
    "generic": ("1.5", "v + 1"),
    "Tensor": ("", "v * 2"),
    "DataFrame": ("{'a': [1]}", "v.mean()"),
    "Series": ("[1]", "v.mean()"),
    "Index": ("", "v.max()"),
}
_BASES: Final = {
    "deque": "collections.deque",
    "ndarray": "np.ndarray",
    "generic": "np.float64",
    "Tensor": "torch.Tensor",
    "DataFrame": "pd.DataFrame",
    "Series": "pd.Series",
}
_MAKING: Final = {
    "ndarray": "np.zeros(2).view(V)",
    "Tensor": "torch.zeros(2).as_subclass(V)",
}
_IMPORTS: Final = "import collections, numpy as np, torch, pandas as pd\n"


def test_each_class_of_values_is_decided() -> None:
    importlib.import_module("pandas")  # its classes are known once it is there
    own_operators.base_of(object)
    assert {kind.__name__ for kind in own_operators.REDEFINABLE} == set(_VALUES)


@pytest.mark.parametrize("name", sorted(set(_VALUES) - {"Index"}))
def test_a_value_of_an_own_class_is_of_that_class_there_and_here(name: str) -> None:
    made, use = _VALUES[name]
    method = use.partition("v.")[2].partition("(")[0]
    method = method or {"+": "__add__", "*": "__mul__"}[use.split()[1]]
    make = _MAKING.get(name, f"V({made})")
    right = (
        f"{_IMPORTS}class V({_BASES.get(name, name)}): pass\nclass W: pass\n"
        f"def f(): return {make}\ndef g(x): return type(x) is V\n"
    )
    honest = (
        "assert isinstance(f(), V) and type(f()) is V and type(f()) == V and g(f())\n"
        "assert not isinstance(f(), W) and type(f()) is not W\n"
    )
    if name not in _MAKING:
        honest += f"assert g(V({made})) and isinstance(V({made}), V)\n"
    assert tried(right, right, honest).scores == (1.0,)
    wrong = right.replace(
        "): pass", f"):\n    def {method}(self, *a, **k): return self", 1
    )
    test = f"v = f()\ntry: {use}\nexcept TypeError: pass"
    assert tried(right, wrong, test).scores == (0.0,)


def test_a_value_that_a_test_has_changed_goes_back_as_it_is() -> None:
    notebook = (
        "class Conf(dict): pass\nseen = []\n"
        "def keep(c):\n    seen.append(c)\n    return len({id(one) for one in seen})\n"
        "def port(c): return c['port'] if type(c) is Conf else None\n"
    )
    test = (
        "c = Conf(port=80)\nassert port(c) == 80 and keep(c) == 1 and keep(c) == 1\n"
        "c['port'] = 81\nassert port(c) == 81 and c == {'port': 81}\n"
        "import copy\nd = copy.deepcopy(c)\nassert d == c and port(d) == 81"
    )
    assert tried(notebook, notebook, test).scores == (1.0,)


def test_a_named_tuple_keeps_its_fields_and_class() -> None:
    notebook = (
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int = 2\n"
        "def p(): return [P(1), P(3, 4)]\n"
        "def total(ps): return sum(p.x * p.y for p in ps if isinstance(p, P))\n"
    )
    test = (
        "a, b = p()\nassert (a.x, a.y) == (1, 2) and b == (3, 4) and a == P(1)\n"
        "assert total([a, b, P(1)]) == 16 and sorted([b, a]) == [a, b]\n"
        "assert repr(a) == 'P(x=1, y=2)' and a._replace(x=5).x == 5"
    )
    assert tried(notebook, notebook, test).scores == (1.0,)


_CROSSING: Final = (
    *(None, True, 1, 1.5, "a", 1j, b"a", bytearray(b"a"), slice(1), range(2), ...),
    *(NotImplemented, [1], (1,), {1}, frozenset((1,)), {"a": 1}, deque([1], 3)),
    *(time.gmtime(0), time.localtime(0), datetime(2024, 10, 27, 2, 30, fold=1)),  # noqa: DTZ001 - without a zone
    *(day_time(2, 30, fold=1), datetime(2024, 1, 1, tzinfo=UTC)),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(0), "GMT")),
    datetime(2024, 1, 1, tzinfo=timezone(-timedelta(hours=1, microseconds=5))),
    *(timedelta(1, 2, 3), Path("a"), PurePath("a"), torch.zeros(2), np.zeros(2)),
)


@pytest.mark.parametrize("value", _CROSSING, ids=lambda one: type(one).__name__)
def test_a_value_arrives_as_its_class(value: Any) -> None:
    found = cross(value)
    expected = type(value)
    if isinstance(value, PurePath):
        assert isinstance(found, Path) is isinstance(value, Path)
        return
    assert type(found) is expected
    for name in ("fold", "tm_zone", "tm_gmtoff"):
        assert getattr(found, name, None) == getattr(value, name, None)
    if isinstance(value, datetime):
        assert (found.tzname(), found.utcoffset()) == (
            value.tzname(),
            value.utcoffset(),
        )


def test_a_path_refuses_all_that_has_to_do_with_files() -> None:
    found = cross(Path("a"))
    for name in library.file_methods():
        with pytest.raises(TypeError, match="another process"):
            getattr(found, name)()
    assert found.parent.name == ""
    assert str(found / "b") == "a/b"


@pytest.mark.parametrize("path", [Path("a"), PurePosixPath("a")])
def test_a_path_is_shown_as_in_the_notebook(path: PurePosixPath) -> None:
    found = cross([path])
    assert repr(found) == repr([path])
    assert repr(type(found[0])) == repr(type(path))


def test_an_invalid_class_is_refused() -> None:
    for of in ([], ["V"], ["V", "a"], ["a b", 1], "V", [1, 2], ["V", *range(60)]):
        node = json.loads(json.dumps({"k": "list", "v": [], "of": of}))
        with pytest.raises(codec.CodecError):
            codec.Decoder([], lambda _: None).decode(node)
