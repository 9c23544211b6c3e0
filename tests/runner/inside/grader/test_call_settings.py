"""A call tells the snapshot which settings the test has made, and none of its text."""

import contextlib
import decimal
import io
import sys
import warnings
from collections.abc import Iterator
from typing import Final

import numpy as np
import pytest
import torch

from runner.inside.grader.call_settings import CallSettings
from tests.runner.proof.recording import tried

CALL = {"op": "call"}


class LibraryWarning(UserWarning):
    pass


@pytest.fixture(autouse=True)
def own_filters() -> Iterator[None]:
    with warnings.catch_warnings():
        yield


def test_a_test_without_settings_says_nothing() -> None:
    assert "warns" not in CallSettings().added_to(CALL)


def test_filters_are_named_by_their_class_alone() -> None:
    settings = CallSettings()
    warnings.filterwarnings("error", message="the answer is 42", category=UserWarning)
    warnings.simplefilter("always", LibraryWarning)
    assert settings.added_to(CALL)["warns"] == ["UserWarning"]


def test_filters_of_a_library_are_not_the_test_s_own() -> None:
    settings = CallSettings()
    warnings.filterwarnings("always", category=DeprecationWarning, module="sklearn")
    warnings.simplefilter("once", LibraryWarning)
    assert "warns" not in settings.added_to(CALL)


def test_only_captured_output_is_sent_back() -> None:
    settings = CallSettings()
    out, errors = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(sys.__stderr__),
    ):
        assert settings.added_to(CALL) == {**CALL, "heard": True}
    with (
        contextlib.redirect_stdout(sys.__stdout__),
        contextlib.redirect_stderr(errors),
    ):
        assert settings.added_to(CALL) == {**CALL, "heard_errors": True}
        assert settings.added_to({"op": "name"}) == {"op": "name"}


_NOTEBOOK: Final = """
import decimal, numpy as np, torch
def naive(x): return np.exp(x) / np.exp(x).sum()
def stable(x): return naive(x - x.max())
def third(): return decimal.Decimal(1) / 3
net = torch.nn.Linear(1, 1)
def forward(x): return net(x)
def gradient(x):
    x = x.clone().requires_grad_()
    (torch.sqrt(x - 1) * 0).sum().backward()
    return x.grad
"""
# A test that must fail for what the notebook does, and one that must pass.
_NUMPY: Final = "import numpy as np\nx = np.array([1000., 0])\n"
_NOTICED: Final = (
    f"{_NUMPY}with np.errstate(over='raise'):\n    try: naive(x)\n"
    "    except FloatingPointError: pass\n    else: raise AssertionError"
)
_TORCH: Final = "import torch\nx = torch.ones(1)\n"
_DETECTING: Final = f"{_TORCH}with torch.autograd.set_detect_anomaly(True):\n"
_SHORT: Final = "import decimal\nwith decimal.localcontext(prec=3):\n"
_HALF: Final = (
    f"{_TORCH}with torch.autocast('cpu', dtype=torch.bfloat16): y = forward(x)\n"
)
# A test that must fail for what the notebook does, and one that must pass.
_SETTINGS: Final = {
    "np.errstate": (
        f"{_NUMPY}with np.errstate(all='raise'): naive(x)",
        f"{_NUMPY}with np.errstate(over='raise'): stable(x)",
    ),
    "np.seterr": (
        f"{_NUMPY}old = np.seterr(over='raise')\ntry: naive(x)\nfinally: np.seterr(**old)",
        _NOTICED,
    ),
    "decimal": (
        f"{_SHORT}    assert len(str(third())) > 9",
        f"{_SHORT}    assert str(third()) == '0.333'\nassert len(str(third())) > 9",
    ),
    "autocast": (
        f"{_HALF}assert y.dtype is torch.float32",
        f"{_HALF}assert (y.dtype, forward(x).dtype) == (torch.bfloat16, torch.float32)",
    ),
    "anomalies": (
        f"{_DETECTING}    gradient(x)",
        f"{_DETECTING}    assert gradient(2 * x) == 0\nassert gradient(x).isnan()",
    ),
}


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", _SETTINGS)
def test_arithmetic_holds_for_the_code_that_a_test_calls(name: str) -> None:
    fails, passes = _SETTINGS[name]
    assert tried(_NOTEBOOK, _NOTEBOOK, fails).scores == (0.0,)
    assert tried(_NOTEBOOK, _NOTEBOOK, passes).scores == (1.0,)


def test_only_what_a_test_has_set_is_told() -> None:
    with np.errstate(over="raise"), decimal.localcontext(prec=9):
        settings = CallSettings()
        assert not {"np", "decimal", "cast", "anomaly"} & set(settings.added_to(CALL))
        with np.errstate(over="call", under="print"), decimal.localcontext(prec=5):
            told = settings.added_to(CALL)
    assert told["np"] == {"under": "print"}
    assert told["decimal"]["prec"] == 5
    with torch.autocast("cpu", dtype=torch.float16):
        assert settings.added_to(CALL)["cast"] == "float16"
        assert "cast" not in settings.added_to({"op": "name"})
