"""The helper `show` of tests: what it draws, and what it refuses at no cost."""

import base64
import io
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image

from runner.host.runner import Runner
from runner.protocol.check_pictures import MOST_PICTURES, MOST_PIXELS, Picture
from runner.protocol.jobs import TestStyle
from tests.runner.notebooks import job, marked, question
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_NOTEBOOK: Final = """
import numpy as np, torch
class Odd: pass
class Grid(np.ndarray): pass
def odd(): return Odd()
def grey(): return np.arange(6, dtype=np.uint8).reshape(2, 3)
def own(): return grey().view(Grid)
def broken(): return np.full((2, 2), np.nan)
def told(values): told.values = values; return values
"""
_IMPORTS: Final = (
    "from softmark import show\n"
    "import numpy as np, torch, matplotlib.pyplot as plt\n"
    "x = np.arange(6, dtype=np.uint8).reshape(2, 3)\n"
)


def shown(tests: str) -> tuple[float, tuple[Picture, ...]]:
    """Return the score of a check, and the pictures that it shows."""
    found = tried(_NOTEBOOK, _NOTEBOOK, _IMPORTS + tests)
    (score,), (report,) = found.scores, found.reports
    return score, report.pictures


def pixels_of(picture: Picture) -> Any:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.png))))


_X: Final = np.arange(6, dtype=np.uint8).reshape(2, 3)
_DRAWN: Final[dict[str, Any]] = {
    "grey()": _X,
    "own()": _X,
    "grey().T": _X.T,
    "x[::-1, ::2]": _X[::-1, ::2],
    "torch.from_numpy(x)": _X,
    "x / 255": _X,
    "(x / 255).astype(np.float16)": _X,
    "torch.tensor(x / 255).float().requires_grad_()": _X,
    "torch.tensor([[0, 1.0]]).bfloat16()": np.array([[0, 255]], np.uint8),
    "x > 2": (_X > 2).astype(np.uint8) * 255,
    "np.full((1, 2), 1 + 1e-7)": np.array([[255, 255]], np.uint8),
    "x[:, :, None]": _X,
    "np.stack([x] * 3, axis=-1)": np.stack([_X] * 3, axis=-1),
    "np.stack([x] * 4, axis=-1)": np.stack([_X] * 4, axis=-1),
    "torch.from_numpy(np.stack([x] * 3)).permute(1, 2, 0)": np.stack([_X] * 3, axis=-1),
}


@pytest.mark.parametrize("given", _DRAWN)
def test_an_array_s_values_are_the_pixels(given: str) -> None:
    score, (picture,) = shown(f"show({given}, caption='What it gave')")
    assert (score, picture.caption, picture.fault) == (1.0, "What it gave", "")
    assert np.array_equal(pixels_of(picture), _DRAWN[given])


_REFUSED: Final = {
    "odd()": "an object of its own",
    "broken()": "not all of its values are finite numbers",
    "np.array([[np.inf, 0]])": "not all of its values are finite numbers",
    "x / 2": "its values are from 0 to 2.5: floats of a picture are from 0 to 1",
    "x - 1.0": "its values are from -1 to 4",
    "x.astype(int)": "its dtype is int64: `show` takes bytes (uint8)",
    "x * 1j": "its dtype is complex128",
    "np.array([['a']])": "its dtype is <U1",
    "np.array([[odd()]], dtype=object)": "its dtype is object",
    "np.zeros((2, 2), 'M8[s]')": "its dtype is datetime64",
    "x[0]": "its shape is (3,): a picture has the shape (height, width)",
    "np.zeros((3, 8, 8))": "channels, which come last",
    "np.zeros((0, 8))": "it has 8 by 0 pixels",
    "np.broadcast_to(np.float32(0), (10**6, 10**6))": "it has 1000000 by 1000000 pixels",
    "np.zeros((641, 480), np.uint8)": "it has 480 by 641 pixels",
    "np.ma.masked_greater(x, 2)": "it is a MaskedArray",
    "np.random.rand(480, 640)": "the pictures of a check may take 48 KB together",
    "[[0, 1]]": "it is a list: `show` takes an array, a tensor or a figure",
    "None": "it is a NoneType",
    "plt": "it is a module",
    "torch.zeros(2, 2, device='meta')": "it cannot be read as an array",
}


@pytest.mark.parametrize("given", _REFUSED)
def test_what_cannot_be_shown_is_said_and_costs_nothing(given: str) -> None:
    score, (refused, after) = shown(
        f"show({given}, caption='Given')\nshow(x, caption='After')"
    )
    assert (score, refused.caption, refused.png) == (1.0, "Given", "")
    assert _REFUSED[given] in refused.fault
    assert np.array_equal(pixels_of(after), _X)


def test_a_figure_is_drawn_and_stays_as_it_is() -> None:
    score, (picture, again) = shown(
        "figure, axes = plt.subplots(figsize=(4, 3), dpi=50, facecolor='red')\n"
        "axes.plot(x[0])\n"
        "canvas = figure.canvas\n"
        "show(figure, caption='Loss')\n"
        "assert figure.canvas is canvas and figure.dpi == 50\n"
        "show(figure, caption='Loss')\n"
    )
    assert score == 1
    assert (picture.width, picture.height) == (200, 150)
    assert pixels_of(picture)[0, 0].tolist() == [255, 0, 0]
    assert again == picture


def test_a_large_figure_is_drawn_smaller() -> None:
    noise = "noise = np.random.default_rng(1).random((150, 150))\naxes.imshow(noise, cmap='gray')\n"
    _, (wide, noisy) = shown(
        "figure = plt.figure(figsize=(200, 100), dpi=300)\n"
        "show(figure, caption='Wide')\n"
        f"figure, axes = plt.subplots()\n{noise}show(figure, caption='Noise')\n"
    )
    assert 0.95 * MOST_PIXELS < wide.width * wide.height <= MOST_PIXELS
    assert not noisy.fault
    assert noisy.width < 640


def test_a_figure_that_matplotlib_cannot_draw_costs_nothing() -> None:
    score, (picture,) = shown(
        "figure = plt.figure()\nfigure.suptitle('$x_{$')\nshow(figure, caption='Title')"
    )
    assert score == 1
    assert picture.fault == "matplotlib raised ValueError when it drew the figure"


def test_the_first_pictures_of_a_check_are_shown() -> None:
    score, pictures = shown("for n in range(99): show(x + n, caption=f'Number {n}')")
    assert score == 1
    assert [one.caption for one in pictures] == [
        f"Number {n}" for n in range(MOST_PICTURES)
    ]


@pytest.mark.parametrize(
    "call",
    [
        "show(x)",
        "show(x, caption=7)",
        "show(x, caption=' ')",
        "show(x, 'caption')",
        (
            "from concurrent.futures import ThreadPoolExecutor as Pool\n"
            "from functools import partial\n"
            "with Pool() as pool: list(pool.map(partial(show, caption='x'), [x]))"
        ),
    ],
)
def test_a_caption_is_needed_and_only_a_test_shows(call: str) -> None:
    assert shown(call) == (0.0, ())


def test_an_assertion_that_is_evaluated_again_shows_nothing_more() -> None:
    score, pictures = shown(
        "a = [1]\nassert told(a) == [1] and show(x, caption='Once')\n"
    )
    assert (score, len(pictures)) == (1.0, 1)


def test_it_is_shown_through_the_jail_of_passed_and_failed_checks(
    runner: Runner,
) -> None:
    """A check that shows nothing shows nothing, beside one of the same question."""
    work = "import numpy as np\ndef grey(): return np.eye(3)\n"
    source = (
        "from softmark import show\nimport matplotlib.pyplot as plt\n"
        "def check1(grey):\n    return show(grey(), caption='Passed')\n"
        "def check2(grey):\n    show(grey() + 1, caption='Failed')\n    assert False\n"
        "def check3(grey):\n    fig, ax = plt.subplots()\n    ax.imshow(grey())\n"
        "    show(fig, caption='Figure')\n"
        "def check4(grey): return 1\n"
    )
    results = [
        runner.run(job(work, questions=(question("q1", source),))),
        marked(
            runner,
            work,
            ">>> from softmark import show\n>>> show(grey(), caption='Line')\nTrue",
            style=TestStyle.DOCTEST,
        ),
    ]
    checks = [
        check for result in results for one in result.questions for check in one.checks
    ]
    assert [check.score for check in checks] == [1, 0, 1, 1, 1]
    pictures = [check.report.pictures for check in checks]
    assert [[one.caption for one in each] for each in pictures] == [
        *(["Passed"], ["Failed"], ["Figure"], [], ["Line"]),
    ]
    eye = np.eye(3, dtype=np.uint8) * 255
    assert np.array_equal(pixels_of(pictures[0][0]), eye)
    assert "from 1 to 2" in pictures[1][0].fault
    assert pixels_of(pictures[2][0]).shape == (480, 640, 3)
