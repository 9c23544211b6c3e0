"""A test sees whether an array or a tensor of the notebook's is a view."""

from typing import Final

import pytest

from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_NOTEBOOK: Final = """
import numpy as np, torch
def evens(a): return a[::2]{}
def turned(a): return a.reshape(2, 5){}
def transposed(a): return a.reshape(2, 5).T{}
def positive(a): return (a > 2)[:]{}
def objects(a): return a.astype(object)[:]{}
def flat(t): return t.view(-1){}
def rows(t): return t[1:]{}
def mask(t): return (t > 0)[:]{}
b = np.arange(12)
v = b.reshape(3, 4){}
"""
_VIEWS: Final = _NOTEBOOK.replace("{}", "")


def _copies() -> str:
    lines = (
        line.replace("{}", ".clone()" if "(t)" in line else ".copy()")
        for line in _NOTEBOOK.splitlines()
    )
    return "\n".join(lines)


_ARRAYS: Final = ("evens", "turned", "transposed", "positive", "objects")
_ASKED: Final = {
    **{
        f"{name} {asked}": f"import numpy as np\nv = {name}(np.arange(10))\nassert {asked}"
        for name in _ARRAYS
        for asked in (
            "v.base is not None",
            "not v.flags.owndata",
            "not v.flags['OWNDATA']",
        )
    },
    **{
        f"{name} {asked}": f"import torch\nv = {name}(torch.randn(3, 4))\nassert {asked}"
        for name in ("flat", "rows", "mask")
        for asked in ("v._is_view()", "v._base is not None")
    },
    "a global": "assert v.base is not None and v.shape == (3, 4)",
}


@pytest.mark.parametrize("test", _ASKED.values(), ids=_ASKED)
def test_a_view_is_a_view_and_a_copy_is_none(test: str) -> None:
    assert tried(_VIEWS, _VIEWS, test).scores == (1.0,)
    assert tried(_VIEWS, _copies(), test).scores == (0.0,)


@pytest.mark.parametrize(("dtype", "score"), [("float16", 1.0), ("float64", 0.0)])
def test_the_size_of_an_array_counts_its_memory(dtype: str, score: float) -> None:
    notebook = f"import numpy as np\ndef small(x): return x.astype(np.{dtype})"
    test = (
        "import sys, numpy as np\nx = np.random.rand(1000)\n"
        "assert sys.getsizeof(small(x)) < 4000"
    )
    assert tried(notebook, notebook, test).scores == (score,)
