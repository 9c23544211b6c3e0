"""Entries with operands that hold more than they show: only that part may cross."""

from collections.abc import Mapping
from typing import Final

from tests.runner.proof.cells_files import functions
from tests.runner.proof.entries import Entry

_TAKES: Final = "def take(*given, **named):\n    return len(given) + len(named)"


def _given(*lines: str) -> Entry:
    """Return an entry whose test prepares and passes an operand to `take`."""
    body = "".join(f"    {line}\n" for line in lines)
    head = "import collections, functools, itertools, operator, types\n"
    libraries = "import numpy as np\nimport torch\nfrom torch import nn\n"
    data = "from torch.utils.data import DataLoader, Subset, TensorDataset\n"
    test = f"{head}{libraries}{data}def check(take):\n{body}"
    return functions(_TAKES, ("len(given)", "0"), test)


OPERANDS: Final[Mapping[str, Entry]] = {
    "a slice of an array": _given("x = np.full(99, ⟦0.5⟧)", "x[:9] = 1", "take(x[:9])"),
    "every other item of an array": _given(
        "x = np.full(99, ⟦0.5⟧)", "x[::2] = 1", "take(x[::2])"
    ),
    "a slice of a tensor": _given(
        "x = torch.full((99,), ⟦0.5⟧)", "x[:9] = 1", "take(x[:9], k=x[2:4])"
    ),
    "a column of a tensor": _given(
        "x = torch.full((9, 9), ⟦0.5⟧)", "x[:, 1] = 1", "take(x[:, 1])"
    ),
    "a data set of a slice": _given(
        "x = torch.full((99,), ⟦0.5⟧)", "x[:9] = 1", "take(TensorDataset(x[:9]))"
    ),
    "a loader of a slice": _given(
        "x = torch.full((99,), ⟦0.5⟧)",
        "x[:9] = 1",
        "take(DataLoader(TensorDataset(x[:9])))",
    ),
    "a layer whose weight is a view": _given(
        "x = torch.full((4, 3), ⟦0.5⟧)",
        "x[:2] = 1",
        "layer = nn.Linear(3, 2, bias=False)",
        "layer.weight = nn.Parameter(x[:2])",
        "take(layer)",
    ),
    "weights as views, by name": _given(
        "x = torch.full((4, 3), ⟦0.5⟧)", "x[:2] = 1", "take({'weight': x[:2]})"
    ),
    "an iterator half consumed": _given(
        "xs = iter([⟦'x'⟧, 2, 3])", "next(xs)", "take(xs)"
    ),
    "an iterator half consumed, in a tuple": _given(
        "xs = iter((⟦'x'⟧, 2, 3))", "next(xs)", "take((1, xs))"
    ),
    "an iterator of a dictionary's values": _given(
        "xs = iter({'a': 1}.values())", "kept = ⟦'x'⟧", "take(xs)"
    ),
    "the keys of a dictionary": _given("d = {'a': ⟦'x'⟧}", "take(d.keys())"),
    "the iterator of a dictionary's keys": _given("d = {'a': ⟦'x'⟧}", "take(iter(d))"),
    "a zip half consumed": _given(
        "xs = zip([⟦1⟧, 2], ['a', 'b'])", "next(xs)", "take(xs)"
    ),
    "islice of a longer list": _given(
        "xs = itertools.islice([1, 2, ⟦'x'⟧], 2)", "take(xs)"
    ),
    "a generator over a list": _given("kept = [⟦1⟧, ⟦2⟧]", "take(x > 5 for x in kept)"),
    "a map of a test's function": _given(
        "kept = ⟦1⟧", "take(map(lambda x: x == kept, [1, 2]))"
    ),
    "a masked array": _given(
        "x = np.ma.array([1.0, ⟦0.5⟧], mask=[False, True])", "take(x)"
    ),
    "a subclass of an array with a note": _given(
        "class Noted(np.ndarray): pass",
        "x = np.ones(3).view(Noted)",
        "x.note = ⟦'x'⟧",
        "take(x)",
    ),
    "a tensor with a note": _given("x = torch.ones(3)", "x.note = ⟦'x'⟧", "take(x)"),
    "a layer with a note": _given(
        "layer = nn.ReLU()", "layer.inplace = False", "kept = ⟦'x'⟧", "take(layer)"
    ),
    "a list of a class of one's own with a note": _given(
        "class Noted(list): pass", "x = Noted([1])", "x.note = ⟦'x'⟧", "take(x)"
    ),
    "text of a class of one's own": _given(
        "class Noted(str): pass", "x = Noted('a')", "x.note = ⟦'x'⟧", "take(x)"
    ),
    "a dictionary with a default": _given(
        "kept = ⟦'x'⟧",
        "d = collections.defaultdict(lambda: kept, a=1)",
        "take(d)",
    ),
    "a ChainMap's hidden values": _given(
        "d = collections.ChainMap({'a': 1}, {'a': ⟦'x'⟧})", "take(d)"
    ),
    "a mapping proxy": _given(
        "d = types.MappingProxyType({'a': 1})", "kept = ⟦'x'⟧", "take(dict(d))"
    ),
    "a function with defaults and attributes": _given(
        "def f(x, k=⟦1⟧): return x",
        "f.note = ⟦'x'⟧",
        "take(f)",
    ),
    "a closure": _given("kept = [⟦'x'⟧]", "take(lambda: kept)"),
    "a partial of a test's function": _given(
        "def f(k, x): return x", "take(functools.partial(f, ⟦'x'⟧))"
    ),
    "a cached function": _given(
        "@functools.lru_cache",
        "def f(x): return ⟦'x'⟧",
        "f(1)",
        "take(f)",
    ),
    "a bound method of a list": _given("xs = [⟦'x'⟧]", "take(xs.count)"),
    "a bound method of a dictionary": _given("d = {⟦'x'⟧: 1}", "take(d.get)"),
    "a bound method of an array": _given("x = np.full(3, ⟦0.5⟧)", "take(x.mean)"),
    "a bound method of a tensor": _given("x = torch.full((3,), ⟦0.5⟧)", "take(x.mean)"),
    "a bound method of a layer": _given(
        "layer = nn.Linear(1, 1)",
        "layer.weight.data.fill_(⟦0.5⟧)",
        "take(layer.forward)",
    ),
    "a class of the tests": _given(
        "class Kept:",
        "    value = ⟦'x'⟧",
        "take(Kept)",
    ),
    "an object of the tests that can be called": _given(
        "class Kept:",
        "    def __init__(self): self.value = ⟦'x'⟧",
        "    def __call__(self): return 1",
        "take(Kept())",
    ),
    "a callback that raises": _given("def f(): raise ValueError(⟦'x'⟧)", "take(f)"),
    "a leaf that a reference has filled with a gradient": _given(
        "x = torch.ones(3, requires_grad=True)",
        "(x * ⟦0.5⟧).sum().backward()",
        "take(x)",
    ),
    "a layer that a reference has filled with gradients": _given(
        "layer = nn.Linear(3, 1)",
        "(layer(torch.ones(2, 3)) * ⟦0.5⟧).sum().backward()",
        "take(layer)",
    ),
    "a tensor of a graph": _given(
        "w = torch.full((3,), ⟦0.5⟧, requires_grad=True)", "take((w * 0).detach())"
    ),
    "a tensor with a hook": _given(
        "kept = ⟦'x'⟧",
        "x = torch.ones(3, requires_grad=True)",
        "x.register_hook(lambda g: kept)",
        "take(x)",
    ),
    "a layer with a hook": _given(
        "kept = ⟦'x'⟧",
        "layer = nn.ReLU()",
        "layer.register_forward_hook(lambda *_: kept)",
        "take(layer)",
    ),
    "an array of objects": _given(
        "class Kept: pass",
        "one = Kept()",
        "one.value = ⟦'x'⟧",
        "take(np.array([one, 1], dtype=object))",
    ),
    "a handle in a container": _given(
        "kept = [take, ⟦'x'⟧]", "take([kept[0]], {'f': kept[0]})"
    ),
    "one field of a record array": _given(
        "x = np.zeros(3, dtype=[('a', 'f8'), ('b', 'f8')])",
        "x['b'] = ⟦0.5⟧",
        "take(x['a'])",
    ),
    "some fields of a record array": _given(
        "x = np.zeros(3, dtype=[('a', 'f8'), ('b', 'f8')])",
        "x['b'] = ⟦0.5⟧",
        "take(x[['a']])",
    ),
    "a memory view of a part": _given(
        "x = bytearray(b'aa' + ⟦'x'⟧.encode())", "take(memoryview(x)[:2])"
    ),
    "a sparse tensor's neighbours": _given(
        "x = torch.full((3, 3), ⟦0.5⟧)", "x[0] = 0", "take(x[0].to_sparse())"
    ),
    "an expanded tensor": _given(
        "x = torch.full((3,), ⟦0.5⟧)", "x[0] = 1", "take(x[:1].expand(5))"
    ),
    "a packed or nested structure of views": _given(
        "x = torch.full((9,), ⟦0.5⟧)",
        "x[:4] = 1",
        "take(nn.ParameterList([nn.Parameter(x[:2]), nn.Parameter(x[2:4])]))",
    ),
    "an optimiser of views": _given(
        "x = torch.full((9,), ⟦0.5⟧)",
        "x[:2] = 1",
        "take(torch.optim.SGD([nn.Parameter(x[:2])], lr=0.1))",
    ),
    "an exception with a cause": _given(
        "try:",
        "    raise KeyError(⟦'x'⟧)",
        "except KeyError as error:",
        "    kept = error",
        "take(str(type(kept)))",
    ),
    "a module of a library": _given("kept = ⟦'x'⟧", "take(np)"),
    "a frame by a traceback": _given(
        "kept = ⟦'x'⟧",
        "try:",
        "    1 / 0",
        "except ZeroDivisionError as error:",
        "    take(error)",
    ),
    "a data set of an expanded item": _given(
        "x = torch.full((5,), ⟦0.5⟧)",
        "x[0] = 1",
        "take(TensorDataset(x[:1].expand(5)))",
    ),
    "a layer of overlapping strides": _given(
        "x = torch.full((6,), ⟦0.5⟧)",
        "x[:2] = 1",
        "layer = nn.Linear(3, 2, bias=False)",
        "layer.weight = nn.Parameter(x.as_strided((2, 3), (1, 0)))",
        "take(layer)",
    ),
    "a loader with batches of a part": _given(
        "x = torch.full((9,), ⟦0.5⟧)",
        "x[:2] = 1",
        "take(DataLoader(TensorDataset(x), batch_sampler=[[0], [1]]))",
    ),
    "a loader that samples a part": _given(
        "x = torch.full((9,), ⟦0.5⟧)",
        "x[:2] = 1",
        "take(DataLoader(TensorDataset(x), sampler=[0, 1]))",
    ),
    "a subset of a data set": _given(
        "x = torch.full((9,), ⟦0.5⟧)",
        "x[:2] = 1",
        "take(Subset(TensorDataset(x), [0, 1]))",
    ),
    "a loader of a subset": _given(
        "x = torch.full((9,), ⟦0.5⟧)",
        "x[:2] = 1",
        "take(DataLoader(Subset(TensorDataset(x), [0, 1]), batch_size=2))",
    ),
    "a slice of a quantised tensor": _given(
        "x = torch.full((9,), ⟦0.5⟧)",
        "x[:2] = 1",
        "x = torch.quantize_per_tensor(x, 0.25, 0, torch.qint32)",
        "take(x[:2])",
    ),
    "a slice of dates": _given(
        "x = np.full(9, ⟦1⟧).astype('M8[s]')",
        "x[:2] = np.datetime64(0, 's')",
        "take(x[:2])",
    ),
    "one row of a record array's fields": _given(
        "x = np.zeros(3, dtype=[('a', 'f8'), ('b', 'f8')])",
        "x['b'] = ⟦0.5⟧",
        "take(x[['a']][0])",
    ),
    "the real part of complex numbers": _given(
        "x = torch.full((3,), 1j * ⟦0.5⟧)", "take(TensorDataset(x.real))"
    ),
    "a test's own function in a library's object": _given(
        "kept = ⟦'x'⟧", "take(np.vectorize(lambda x: kept))"
    ),
    "the draws of the tests' generator": _given(
        "kept = ⟦1⟧", "np.random.seed(kept)", "take(np.random.normal)"
    ),
    "a mock": _given(
        "from unittest import mock", "take(mock.Mock(return_value=⟦'x'⟧, name=⟦'x'⟧))"
    ),
    "an ordered dictionary of a class of one's own": _given(
        "class Noted(collections.OrderedDict): pass",
        "x = Noted(a=1)",
        "x.note = ⟦'x'⟧",
        "take(x)",
    ),
    "a deque's neighbours": _given(
        "x = collections.deque([⟦'x'⟧, 1, 2], maxlen=2)", "take(x)"
    ),
    "a partial of a library's function": _given(
        "kept = ⟦'x'⟧", "f = functools.partial(max, 1)", "take(f)"
    ),
    "a loader with a seeded generator": _given(
        "g = torch.Generator()",
        "g.manual_seed(⟦1⟧)",
        "take(DataLoader(TensorDataset(torch.ones(3)), shuffle=True, generator=g))",
    ),
}
