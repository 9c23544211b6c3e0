"""Arrays and tensors keep their memory layout, and stay read-only or writable."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from runner.host.runner import Runner
from runner.inside.grader.last_items import LastItem
from runner.inside.grader.library_objects import LibraryPickles
from runner.inside.values import graphs
from runner.inside.values.codec import CodecError, Decoder, Encoder, RefusedError
from runner.inside.values.layouts import span_of
from tests.runner.inside.values.test_one_object import cross, sent
from tests.runner.inside.values.test_values import decode, refuse
from tests.runner.notebooks import all_scores, marked

pytestmark = pytest.mark.torch

DTYPES = ["<f8", ">i2", "|b1", "<U3", "<M8[s]", "<c16", "|S2", "|O"]
TENSOR_DTYPES = [
    torch.float32,
    torch.bfloat16,
    torch.bool,
    torch.complex128,
    torch.int8,
]


# --- Layouts ---------------------------------------------------------------------------


@st.composite
def views(draw: st.DrawFn, *, is_torch: bool = False) -> tuple[Any, ...]:
    """Return a shape, an order of its axes, and a step or a repeat for each axis."""
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    order = draw(st.permutations(range(len(shape))))
    steps = [1, 1, 2, 3, None] + ([] if is_torch else [-1, -2])
    return shape, order, [draw(st.sampled_from(steps)) for _ in shape]


def cut(value: Any, order: Any, steps: list[int | None]) -> Any:
    """Return a view of the value with its axes reordered, stepped or repeated."""
    is_array = isinstance(value, np.ndarray)
    value = value.transpose(order) if is_array else value.permute(order)
    value = value[(..., *(slice(None, None, step or 1) for step in steps))]
    shape = [
        3 if not step and n == 1 else n
        for n, step in zip(value.shape, steps, strict=True)
    ]
    return np.broadcast_to(value, shape) if is_array else value.expand(shape)


def pattern(shape: Any, strides: Any, unit: int = 1) -> object:
    """Return which axes repeat, run backwards, and lie tightly around which others."""
    axes = [
        (size, stride) for size, stride in zip(shape, strides, strict=True) if size > 1
    ]
    tight = {
        (one, other)
        for one, (_, stride) in enumerate(axes)
        for other, (size, inner) in enumerate(axes)
        if stride == size * inner
    }
    signs = [(stride > 0) - (stride < 0) for _, stride in axes]
    return signs, tight, [abs(stride) == unit for _, stride in axes]


@given(views(), st.sampled_from(DTYPES))
@example(([2, 4, 4], [0, 2, 1], [1, 1, 1]), "|O")
def test_an_array_keeps_its_layout(view: tuple[Any, ...], dtype: str) -> None:
    shape, order, steps = view
    whole = np.arange(1, np.prod(shape, dtype=int) + 1).reshape(shape).astype(dtype)
    value = cut(whole, order, steps)
    found = cross(value)
    assert (found.dtype, found.tolist()) == (value.dtype, value.tolist())
    for name in ("c_contiguous", "f_contiguous", "writeable"):
        assert getattr(found.flags, name) is getattr(value.flags, name)
    if value.size:
        assert pattern(found.shape, found.strides, found.itemsize) == pattern(
            value.shape, value.strides, value.itemsize
        )


@given(views(is_torch=True), st.sampled_from(TENSOR_DTYPES))
def test_a_tensor_keeps_its_layout(view: tuple[Any, ...], dtype: torch.dtype) -> None:
    shape, order, steps = view
    whole = torch.arange(1, int(np.prod(shape)) + 1).reshape(shape).to(dtype)
    value = cut(whole, order, steps)
    found = cross(value)
    assert torch.equal(found, value)
    assert (found.dtype, found.is_contiguous()) == (dtype, value.is_contiguous())
    if value.numel():
        assert pattern(found.shape, found.stride()) == pattern(
            value.shape, value.stride()
        )


def test_layouts_of_libraries_are_kept() -> None:
    image = torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last)
    assert cross(image).is_contiguous(memory_format=torch.channels_last)
    weight = torch.nn.Parameter(torch.zeros(2, 3).t())
    assert cross(weight).stride() == weight.stride()
    records = np.zeros((2, 3), dtype=[("a", "i4"), ("b", "f8")])
    assert cross(records.T).flags.f_contiguous
    assert cross(records[:, ::2]).strides == (60, 24)
    assert cross(np.zeros((2, 3)).T.view(np.matrix)).flags.f_contiguous


def test_a_field_of_records_crosses_alone_and_is_not_contiguous() -> None:
    records = np.array([(1, 7.0), (2, 7.0)], dtype=[("a", "i4"), ("b", "f8")])
    found = cross(records["a"])
    assert found.tolist() == [1, 2]
    assert found.base.tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    "cut_out",
    [lambda x: x[:, 1:3], lambda x: x[::2, :9:3], lambda x: x[1:4, :9:2].T],
)
def test_gaps_of_a_view_hold_zeros_and_do_not_tell_the_whole_s_width(
    cut_out: Callable[[Any], Any],
) -> None:
    for value in (np.full((8, 9), 7.0), np.full((8, 90), 7.0)):
        node, buffers = sent(cut_out(value))
        assert (node, buffers) == sent(cut_out(np.full((8, 9), 7.0)))
        assert sum(map(len, buffers)) == cut_out(value).nbytes
        found = Decoder(buffers, refuse).decode(node)
        assert np.count_nonzero(found.base) == found.size
    found = cross(cut_out(torch.full((8, 9), 7.0)).t())
    memory = torch.empty(0).set_(found.untyped_storage())
    assert torch.count_nonzero(memory) == found.numel()


def test_overlapping_parts_still_overlap() -> None:
    repeated = cross(torch.tensor([1.0, 2.0]).expand(3, -1))
    repeated[0, 0] = 9
    assert repeated[1, 0] == 9
    windows = cross(torch.arange(20.0).unfold(0, 3, 1))
    windows[0, 1] = 9
    assert windows[1, 0] == 9
    seen = np.lib.stride_tricks.sliding_window_view(np.arange(20.0), 3)
    assert (cross(seen).strides, cross(seen).flags.writeable) == (seen.strides, False)


def test_an_iterator_may_yield_an_expanded_tensor_again() -> None:
    old, new = torch.zeros(1).expand(3), torch.ones(1).expand(3)
    last = LastItem()
    last.give(old, steps=1, was=0)
    assert last.give(new, True, steps=2, was=1) is new  # noqa: FBT003


def test_a_read_only_array_stays_read_only() -> None:
    value = np.array([3.0, 1.0])
    value.setflags(write=False)
    with pytest.raises(ValueError, match="read-only"):
        cross([value])[0].sort()
    assert cross(memoryview(bytearray(b"ab"))).readonly is False
    assert cross(memoryview(b"ab")).readonly is True


BAD_LAYOUTS: list[dict[str, Any]] = [
    *({"o": order} for order in ([0], [0, 0], [1, 2], [True, 0], [0, 1.0], "01", None)),
    *(
        {"st": strides}
        for strides in ([1], [1, True], [1, 2.0], [1, 2**63], "11", None)
    ),
    *({"st": strides} for strides in ([2**40, 1], [1, 2**62], [-(2**62), 2**62])),
]


@pytest.mark.parametrize("layout", BAD_LAYOUTS, ids=str)
def test_an_invalid_layout_is_refused(layout: dict[str, Any]) -> None:
    array = {"k": "array", "d": "<f8", "s": [2, 2], "b": 0}
    tensor = {"k": "tensor", "d": "float64", "s": [2, 2], "b": 0, "g": False}
    objects = {"k": "objects", "s": [2, 2], "v": [1, 2, 3, 4]}
    for node in (array, tensor, objects):
        with pytest.raises(CodecError):
            decode({**node, **layout}, bytes(32))
    with pytest.raises(CodecError):
        decode({**tensor, "st": [-1, 2]}, bytes(32))
    with pytest.raises(CodecError):
        decode({**array, "s": [0, 2], "st": [1, 1], "b": 1}, bytes(32), b"")


@given(st.lists(st.integers(1, 4), max_size=3), st.data())
def test_a_stride_outside_the_memory_is_refused(
    shape: list[int], data: st.DataObject
) -> None:
    strides = [data.draw(st.integers(-9, 9)) for _ in shape]
    count = int(np.prod(shape))
    node = {"k": "array", "d": "|u1", "s": shape, "b": 0, "st": strides}
    found = decode(node, bytes(range(1, count + 1)))
    low, high = np.lib.array_utils.byte_bounds(found)
    base_low, base_high = np.lib.array_utils.byte_bounds(found.base)
    assert base_low <= low <= high <= base_high
    assert found.base.nbytes == span_of(shape, strides)


def test_gaps_count_against_the_limit_of_bytes() -> None:
    node = {"k": "array", "d": "|u1", "s": [2], "x": "0101", "st": [2**28]}
    with pytest.raises(CodecError, match="large"):
        decode({"k": "list", "v": [node] * 3})
    for stepped in (np.zeros(200)[::2], torch.zeros(400)[::2]):
        with pytest.raises(RefusedError, match="less data"):
            Encoder(refuse, max_bytes=1000).encode(stepped)
    Encoder(refuse, max_bytes=1000).encode(np.zeros(100))


# --- Graphs ----------------------------------------------------------------------------


def test_a_tensor_with_a_graph_is_not_a_leaf() -> None:
    leaf = torch.ones(2, 3, requires_grad=True)
    found = cross(leaf * 2)
    assert (found.requires_grad, found.is_leaf) == (True, False)
    found[0, 0] = 9  # as a notebook could
    assert found.detach().sum() == 19
    assert cross((leaf * 2).detach()).is_leaf
    assert cross((leaf * 2).t()).stride() == (1, 3)
    assert not cross([leaf])[0].is_leaf or cross(leaf).is_leaf


def test_backward_through_a_lost_graph_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noted: list[Exception] = []
    monkeypatch.setattr(graphs, "on_lost_graph", [noted.append])
    found = cross(torch.ones(2, requires_grad=True) * 2)
    with pytest.raises(graphs.LostGraphError, match="backward in a function"):
        found.sum().backward()
    assert len(noted) == 1
    assert torch.autograd.grad((found**2).sum(), found)[0].tolist() == [4.0, 4.0]


def test_the_notebook_can_train_with_a_tensor_of_the_test() -> None:
    node, buffers = sent(torch.ones(2, requires_grad=True) * 2)
    decoder = Decoder(buffers, refuse)
    decoder.refuses_backward = False
    own = torch.ones(2, requires_grad=True)
    (own * decoder.decode(node)).sum().backward()
    assert own.grad is not None
    assert own.grad.tolist() == [2.0, 2.0]


# --- In jails --------------------------------------------------------------------------

RIGHT = """
import torch, numpy as np
def flat(x): return x.reshape(x.shape[0], -1)
def windows(x, k):
    n = len(x) - k + 1
    return np.lib.stride_tricks.as_strided(x, (n, k), (x.strides[0], x.strides[0]))
def ranked(x): return np.sort(x)
def turned(x): return x.T.contiguous()
def grid(n, m): return [[0] * m for _ in range(n)]
def groups(names): return {name: [] for name in names}
def tiled(v, n): return v.repeat(n, 1)
def target(w): return 2 * w.detach()
def count_rows(rows): return len({id(row) for row in rows})
def is_one(a, b): return a is b
def trained(x):
    w = torch.ones(3, requires_grad=True)
    (w * x).sum().backward()
    return w.grad
"""
WRONG = """
import torch, numpy as np
def flat(x): return x.view(x.shape[0], -1)
def windows(x, k):
    n = len(x) - k + 1
    return np.lib.stride_tricks.as_strided(x, (n, k), (x.itemsize, x.itemsize))
def ranked(x): x.sort(); return x
def turned(x): return x.T
def grid(n, m): return [[0] * m] * n
def groups(names): return dict.fromkeys(names, [])
def tiled(v, n): return v.expand(n, -1)
def target(w): return 2 * w
def count_rows(rows): return len(rows)
def is_one(a, b): return False
def trained(x): return x.grad
"""
TESTS = (
    (
        "x = torch.arange(24.).reshape(2, 3, 4).permute(0, 2, 1)\n"
        "assert torch.equal(flat(x), x.reshape(2, -1))"
    ),
    (
        "x = np.arange(20.)[::2]\n"
        "want = np.lib.stride_tricks.sliding_window_view(x, 3)\n"
        "assert np.array_equal(windows(x, 3), want)"
    ),
    (
        "x = np.array([3., 1., 2.])\nx.setflags(write=False)\n"
        "assert np.array_equal(ranked(x), [1., 2., 3.])"
    ),
    "assert turned(torch.ones(2, 3)).is_contiguous()",
    "g = grid(3, 4)\ng[0][0] = 1\nassert g[1][0] == 0",
    "d = groups('ab')\nd['a'].append(1)\nassert d == {'a': [1], 'b': []}",
    "t = tiled(torch.tensor([1., 2.]), 3)\nt[0, 0] = 9\nassert t[1, 0] == 1",
    "assert target(torch.ones(3, requires_grad=True)).is_leaf",
    "row = [0]\nassert count_rows([row] * 3) == 1",
    "a = {}\nassert is_one(a, a) and not is_one(a, {})",
    "a = torch.nn.ReLU()\nassert is_one(a, a) and not is_one(a, torch.nn.ReLU())",
    "import random\na = random.Random(3)\nassert is_one(a, a)",
    "x = torch.ones(3, requires_grad=True) * 2\nassert trained(x).sum() == 6",
)
LOST = (
    "target(torch.ones(3, requires_grad=True)).sum().backward()",
    (
        "with pytest.raises(Exception):\n"
        "    target(torch.ones(3, requires_grad=True)).sum().backward()"
    ),
)


@pytest.mark.parametrize(("work", "score"), [(RIGHT, 1), (WRONG, 0)])
def test_work_is_graded_by_layout_and_identity(
    runner: Runner, work: str, score: int
) -> None:
    result = marked(
        runner, work, *(f"import torch, numpy as np\n{one}" for one in TESTS)
    )
    traces = [one.trace for one in result.questions[0].checks]
    assert all_scores(result) == [score] * len(TESTS), traces


def test_a_check_that_calls_backward_on_a_lost_graph_cannot_pass(
    runner: Runner,
) -> None:
    result = marked(runner, WRONG, *(f"import torch, pytest\n{one}" for one in LOST))
    traces = [one.trace for one in result.questions[0].checks]
    assert all_scores(result) == [0, 0]
    assert all("call backward in a function" in trace for trace in traces), traces


def test_values_within_a_library_s_object_keep_their_layout() -> None:
    layer = torch.nn.Conv2d(3, 4, 2)
    layer.weight.data = layer.weight.data.to(memory_format=torch.channels_last)
    strides = layer.weight.stride()
    pickles = LibraryPickles((), lambda _: None)
    sent: Any = pickle.loads(pickles.pickled(layer) or b"")  # noqa: S301
    assert sent.weight.stride() == strides
    layer.weight.data = torch.full((9, 3, 2, 2), 7.0).to(
        memory_format=torch.channels_last
    )[:4]
    small = LibraryPickles((), lambda _: None).pickled(layer) or b""
    assert pickle.loads(small).weight.stride() == strides  # noqa: S301
    assert len(small) < len(pickle.dumps(layer))
