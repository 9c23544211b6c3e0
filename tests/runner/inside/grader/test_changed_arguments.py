"""A test that looks at what it has given: the copy must not have changed."""

from typing import Any, Final

import pytest
import torch

from runner.inside.grader.changed_arguments import ChangedArgumentError
from runner.inside.grader.exchanged_values import exchanged
from runner.inside.student.given_arguments import GivenArguments
from runner.protocol.jobs import TestStyle
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_IMPORTS: Final = (
    "import copy, numpy as np, torch, pandas as pd\nfrom torch import nn\n"
)
_HONEST: Final = f"""{_IMPORTS}
def ordered(a): return sorted(a)
def relu(x): return torch.clamp(x, min=0)
def doubled(xs): return [x * 2 for x in xs]
def taken(d): return d["k"]
def centred(x): return x - x.mean()
def tagged(df): return df.assign(y=1)
def loud(b): return b.upper()
def evaluated(net, x): return net(x)
def stepped(net, x):
    net(x).sum().backward()
    torch.optim.SGD(net.parameters(), 0.1).step()
class Steps:
    def __init__(self, params): self.params = params
    def step(self): self.params[0].sub_(1)
def slope(x):
    x = x.detach().clone().requires_grad_()
    (x ** 2).sum().backward()
    return x.grad
class Bag:
    def __init__(self, items): self.items = list(items)
    def add(self, x): self.items.append(x)
"""
_IN_PLACE: Final = f"""{_IMPORTS}
def ordered(a): a.sort(); return a
def relu(x): x[x < 0] = 0; return x
def doubled(xs):
    for i in range(len(xs)): xs[i] = xs[i] * 2
    return xs
def taken(d): return d.pop("k")
def centred(x): x -= x.mean(); return x
def tagged(df): df["y"] = 1; return df
def loud(b): b[:] = b.upper(); return b
def evaluated(net, x): net.eval(); return net(x)
def stepped(net, x):
    net(x).sum().backward()
    torch.optim.SGD(net.parameters(), 0.1).step()
def slope(x): x.requires_grad_(); (x ** 2).sum().backward(); return x.grad
class Steps:
    def __init__(self, params): self.params = params
    def step(self): self.params[0].sub_(1)
class Bag:
    def __init__(self, items): self.items = items
    def add(self, x): self.items.append(x)
"""
_CASE: Final = """
import unittest
class Works(unittest.TestCase):
    def setUp(self): self.a = [3, 1, 2]; self.out = ordered([2, 1])
    def test_it(self):
        self.assertEqual(ordered(self.a), [1, 2, 3])
        self.assertEqual(self.a, [3, 1, 2])
result = unittest.main(argv=["x"], exit=False).result
assert result.wasSuccessful()
"""
_PAIR: Final = "xs = [torch.ones(2)]; before = [x.clone() for x in xs]; doubled(xs)\n"
_LOOKS: Final = {
    "list": "a = [3, 1, 2]; assert ordered(a) == [1, 2, 3]; assert a == [3, 1, 2]",
    "tensor": "x = -torch.ones(3); o = x.clone(); relu(x); assert torch.equal(x, o)",
    "array": "x = np.array([1., 3.]); o = x.copy(); centred(x); np.testing.assert_equal(x, o)",
    "table": "df = pd.DataFrame({'x': [1]}); o = df.copy(); tagged(df); pd.testing.assert_frame_equal(df, o)",
    "its shape": "df = pd.DataFrame({'x': [1]}); tagged(df); assert df.shape == (1, 1)",
    "dict": "d = {'k': 1}; taken(d); assert 'k' in d",
    "bytearray": "b = bytearray(b'ab'); loud(b); assert b == b'ab'",
    "parts in a comprehension": f"{_PAIR}assert all(torch.equal(p, q) for p, q in zip(xs, before))",
    "kept by an object": "a = [1]; b = Bag(a); b.add(2); assert a == [1]",
    "a network": "net = nn.Linear(1, 1); evaluated(net, torch.ones(1, 1)); assert net.training",
    "unpacked": "args = ([3, 1, 2],); ordered(*args); assert args[0] == [3, 1, 2]",
    "an answer first": "x = -torch.ones(3); b = x.clone(); o = relu(x); assert torch.equal(o, b.clamp(min=0)); assert torch.equal(x, b)",
    "an array first": "x = np.array([1., 3.]); b = x.copy(); o = centred(x); assert np.allclose(o, b - b.mean()); assert np.array_equal(x, b)",
    "by numpy.testing": "x = np.array([1., 3.]); b = x.copy(); np.testing.assert_allclose(centred(x), b - b.mean()); np.testing.assert_allclose(x, b)",
    "by torch.testing": "x = -torch.ones(3); b = x.clone(); torch.testing.assert_close(relu(x), b.clamp(min=0)); torch.testing.assert_close(x, b)",
    "a table first": "df = pd.DataFrame({'x': [1]}); b = df.copy(); o = tagged(df); pd.testing.assert_frame_equal(o, b.assign(y=1)); assert df.equals(b)",
    "stacked answers": "xs = [-torch.ones(2)]; b = xs[0].clone(); o = torch.stack(doubled(xs)); assert torch.equal(o, torch.stack([b * 2])); assert torch.equal(xs[0], b)",
    "a function": "def check(f):\n    x = -torch.ones(2); b = x.clone(); f(x)\n    assert torch.equal(x, b)\ncheck(relu)",
    "each round": "for n in (1, 2):\n    x = -torch.ones(n); b = x.clone(); relu(x); assert torch.equal(x, b)",
    "by an earlier name": "x = -torch.ones(2); same = x; relu(x); assert same[0] == -1",
    "in a list": "x = -torch.ones(2); b = x.clone(); doubled([x, x]); relu(x); assert x.equal(b)",
    "an own helper": "def same(p, q): return torch.equal(p, q)\nx = -torch.ones(2); b = x.clone(); relu(x); assert same(x, b)",
    "caught": "a = [2, 1]; ordered(a)\ntry: assert a == [2, 1]\nexcept Exception: pass",
    "by the helper that calls": "def unchanged(f, a):\n    before = list(a); f(a); assert a == before\nunchanged(ordered, [3, 1, 2])",
    "an attribute": "from types import SimpleNamespace\ns = SimpleNamespace(a=[3, 1, 2]); ordered(s.a); assert s.a == [3, 1, 2]",
    "an attribute of a class": "class Data: items = [3, 1, 2]\nordered(Data.items); assert Data.items[0] == 3",
    "a default": "def same(a=[3, 1, 2]): ordered(a); assert a == [3, 1, 2]\nsame()",
    "a view": "x = -torch.ones(3); relu(x[:2]); assert (x == -1).all()",
    "with an answer": "a = [3, 1, 2]; out = ordered(a); assert out == [1, 2, 3] and a == [3, 1, 2]",
    "beside a call": "a = [3, 1, 2]; assert ordered(a) == [1, 2, 3] and a == [3, 1, 2]",
    "another object": "a = [3, 1, 2]; out = ordered(a); assert len(out) == 3 != a[0] - 1 == 2",
    "above the call in a loop": "a = [3, 1, 2]\nfor _ in range(2):\n    assert a == [3, 1, 2]\n    ordered(a)",
    "by an if": "a = [3, 1, 2]; ordered(a)\nif a != [3, 1, 2]: raise AssertionError",
    "called by a library": "import pytest\na = [3, 1]; list(map(ordered, [a])); assert a == [3, 1]",
    "given again": "a = [3, 1, 2]; b = list(a); ordered(a); ordered(a); assert a == b",
    "given to another": "d = {'k': 1}; taken(d); Bag(d); assert d == {'k': 1}",
    "an error of the second look": "d = {'k': 1}; taken(d); assert d['k'] == 1",
    "by another case": "import unittest\nt = unittest.TestCase(); a = [3, 1]; ordered(a); t.assertEqual(a, [3, 1])",
    "by an if with a message": "a = [3, 1]; ordered(a)\nif a != [3, 1]:\n    message = 'changed'\n    raise AssertionError(message)",
    "with an f-string": "a = [3, 1]; ordered(a); assert a == [3, 1], f'{ordered.__name__} changed it'",
    "a case": _CASE,
}
_SAFE: Final = {
    "an answer": "x = -torch.ones(3); out = relu(x); assert torch.equal(out, x.clamp(min=0))",
    "expected later": "a = [2, 1]; out = ordered(a); want = sorted(a); assert out == want",
    "in a loop": "for x, y in [(np.ones(2), 0.)]: assert abs(centred(x) - y).max() < 1",
    "kept answers": (
        "xs = [-torch.ones(2)]; outs = [relu(x) for x in xs]\n"
        "for x, out in zip(xs, outs): assert torch.equal(out, x.clamp(min=0))"
    ),
    "made with numpy": "x = np.array([1., 3.]); out = centred(x); want = np.where(x > 0, x, 0) - x.mean(); assert np.allclose(out, want)",
    "a mask": "x = torch.randn(9); out = relu(x); mask = x > 0; assert torch.equal(out[mask], x[mask]); assert (out[~mask] == 0).all()",
    "a loop with if": "x = torch.randn(9); out = relu(x)\nfor a, b in zip(x, out):\n    if a > 0: assert b == a\n    else: assert b == 0",
    "a loop by number": "x = torch.randn(9); out = relu(x)\nfor i in range(9):\n    if x[i] > 0: assert out[i] == x[i]",
    "a ternary": "x = torch.randn(9); out = relu(x); want = [v if v > 0 else 0 for v in x]; assert torch.equal(out, torch.tensor(want))",
    "times a mask": "x = torch.randn(9); out = relu(x); assert torch.equal(out, x * (x > 0))",
    "where": "x = torch.randn(9); out = relu(x); assert torch.equal(out, torch.where(x > 0, x, torch.zeros(9)))",
    "a selection": "x = torch.randn(9); out = relu(x); assert (out[x < 0] == 0).all() and (out[x >= 0] == x[x >= 0]).all()",
    "a number": "x = torch.randn(9); out = relu(x); n = int((x > 0).sum()); assert int((out > 0).sum()) == n",
    "finite": "x = np.array([1., 3.]); out = centred(x); assert np.isfinite(out).all(); assert np.allclose(out.sum(), 0)",
    "the order": "a = [3, 1, 2]; b = ordered(a); assert sorted(a) == sorted(b); assert len(b) == 3",
    "an answer put in": "x = torch.randn(9); out = relu(x); x[0] = out[0]; assert x[0] >= 0",
    "an answer copied": "x = np.array([1., 3.]); out = centred(x); np.copyto(x, out); assert x.sum() == 0",
    "kept by the test": "seen = []; a = [3, 1, 2]; seen.append(ordered(a)); assert seen == [sorted(a)]",
    "kept by a helper": "seen = []\ndef run(a): seen.append(ordered(a))\na = [3, 1, 2]; ordered(a); run(a); assert seen == [sorted(a)]",
    "what is printed": "import io, contextlib\nt = io.StringIO(); a = [3, 1, 2]\nwith contextlib.redirect_stdout(t): ordered(a)\nassert t.getvalue() != str(a)",
    "a file": "import os\na = [3, 1, 2]; ordered(a); assert a != [] or open(os.devnull).read() == str(a)",
    "an answer given": "a = ordered([2, 1]); ordered(a); assert a == [1, 2]",
    "one of two branches": "a = [2, 1]\nif a: a = ordered(a)\nelse: a = [1]\nordered(a); assert a == [1, 2]",
    "of an earlier round": "a = [2, 1]\nfor _ in range(2):\n    ordered(a); want = a\n    assert want == a\n    a = ordered(a)",
    "a helper": "def same(out, x): assert out == sorted(x)\na = [2, 1]; same(ordered(a), a)",
    "the shape": "x = -torch.ones(3, 2); y = relu(x); assert y.shape == x.shape and x.ndim == 2",
    "bound anew": "a = [2, 1]; ordered(a); a = [2, 1]; assert a == [2, 1]",
    "another value": "a = [2, 1]; ordered(a); b = [1]; ordered(b); assert b == [1]",
    "no change": "a = [1, 2]; ordered(a); assert a == [1, 2]",
    "the mode": "net = nn.Linear(1, 1); stepped(net, torch.ones(1, 1)); assert net.training",
    "what an object keeps": "w = torch.ones(2); b = w.clone(); s = Steps([w]); s.step(); assert torch.equal(s.params[0], b - 1)",
    "restored by the test": "a = [3, 1]; ordered(a); a[:] = [3, 1]; assert a == [3, 1]",
    "restored in a list": "xs = [[3, 1]]; ordered(xs[0]); xs[0][:] = [3, 1]; xs[0].append(0); assert xs == [[3, 1, 0]]",
    "another key": "g = {'k': 1, 'a': [2]}; taken(g); assert g['a'] == [2]",
    "another column": "d = np.array([[1., 2.], [2., 4.]]); x, y = d[:, 0], d[:, 1]; b = y.copy(); centred(x); assert np.array_equal(y, b)",
    "close values": "x = np.array([1e-9, -1e-9]); b = x + 1e-10; o = centred(x - 0 + 1e-9); assert np.allclose(x, b)",
    "given to another later": "x = np.array([1., 3.]); o = centred(x); p = doubled(list(x)); assert np.allclose(p, x * 2)",
    "a view given later": "x = np.array([1., 3., 5.]); centred(x); p = doubled([x[:2]])[0]; assert np.allclose(p, x[:2] * 2)",
    "taken once only": "a = [3, 1]; ordered(a); q = [1, 2]; assert q.pop() == 2 and q == [1]",
    "items taken by a library": "import heapq\nh = ordered([3, 1, 2]); assert [heapq.heappop(h) for _ in range(3)] == [1, 2, 3]",
    "items taken by a helper": "def drained(h): return [h.pop() for _ in range(len(h))]\nh = ordered([3, 1, 2]); assert drained(h) == [3, 2, 1]",
    "an iterator": "want = reversed([3, 2, 1]); got = ordered([1, 3, 2]); assert got == list(want)",
    "an iterator of answers": "rows = [[3, 1, 2], [2, 1]]; found = map(ordered, rows); assert list(found) == [[1, 2, 3], [1, 2]]",
    "a bare except": "def right(f, x, want):\n    try: return f(x) == want\n    except: return False\na = [2, 1]; assert ordered([3, 1]) == [1, 3]; assert right(ordered, a, [1, 2])",
    "a draw": "rng = np.random.default_rng(0); a = [3, 1]; ordered(a); w = np.random.default_rng(0).random(2)\nassert rng.random() == w[0]; assert rng.random() == w[1]",
    "a doctest's kind of line": "a = [3, 1]; ordered(a); n = len(a); assert n == 2",
    "a gradient": "x = torch.ones(2); slope(x); assert torch.equal(x, torch.ones(2))",
}


def _scored(
    tests: str, notebook: str, style: TestStyle = TestStyle.SCRIPT
) -> tuple[float, BaseException | None]:
    found = tried(_HONEST, notebook, tests, style)
    return found.scores[0], found.errors[0]


@pytest.mark.parametrize("name", _LOOKS)
def test_a_look_at_a_changed_argument_is_refused(name: str) -> None:
    assert _scored(_IMPORTS + _LOOKS[name], _HONEST)[0] == 1
    score, error = _scored(_IMPORTS + _LOOKS[name], _IN_PLACE)
    assert score == 0
    if name != "a case":  # unittest keeps the error
        assert isinstance(error, ChangedArgumentError)


@pytest.mark.parametrize("name", _SAFE)
def test_a_comparison_with_an_answer_is_no_look(name: str) -> None:
    for notebook in (_HONEST, _IN_PLACE):
        assert _scored(_IMPORTS + _SAFE[name], notebook)[0] == 1


def test_a_doctest_looks_at_the_value_that_it_shows() -> None:
    for shown in (">>> a\n[3, 1, 2]", ">>> print(a)\n[3, 1, 2]", ">>> a[0]\n3"):
        test = f">>> a = [3, 1, 2]\n>>> ordered(a)\n[1, 2, 3]\n{shown}\n"
        assert _scored(test, _HONEST, TestStyle.DOCTEST)[0] == 1
        assert _scored(test, _IN_PLACE, TestStyle.DOCTEST)[0] == 0


def test_a_check_is_told_of_the_arguments_that_it_looks_at() -> None:
    check = "def {}(ordered):\n    a = [3, 1, 2]\n    out = ordered(a)\n    assert {}\n"
    looks = check.format("check", "a == [3, 1, 2]")
    compares = check.format("check", "out == sorted(a)")
    assert _scored(looks, _HONEST, TestStyle.FUNCTIONS)[0] == 1
    assert _scored(looks, _IN_PLACE, TestStyle.FUNCTIONS)[0] == 0
    assert _scored(compares, _IN_PLACE, TestStyle.FUNCTIONS)[0] == 1


def test_the_message_says_what_happened_and_what_to_do() -> None:
    _, error = _scored(_IMPORTS + _LOOKS["list"], _IN_PLACE)
    assert str(error).startswith(
        "The notebook's code has changed a value that the test"
    )
    assert "does not hold: a == [3, 1, 2]." in str(error)
    assert "compare what the function returns" in str(error)


_DOCTESTS: Final = {
    "before and after": ">>> a = [3, 1]\n>>> a\n[3, 1]\n>>> ordered(a)\n[1, 3]\n>>> a\n[3, 1]\n",
    "printed": ">>> a = [3, 1]\n>>> ordered(a)\n[1, 3]\n>>> print(a[0])\n3\n",
    "an assertion": ">>> a = [3, 1]\n>>> ordered(a)\n[1, 3]\n>>> assert a == [3, 1]\n",
}


@pytest.mark.parametrize("name", _DOCTESTS)
def test_each_line_of_a_doctest_holds_for_the_changed_value(name: str) -> None:
    assert _scored(_DOCTESTS[name], _HONEST, TestStyle.DOCTEST)[0] == 1
    assert _scored(_DOCTESTS[name], _IN_PLACE, TestStyle.DOCTEST)[0] == 0


def test_a_check_that_returns_a_comparison_is_evaluated_again() -> None:
    check = (
        "def check(ordered):\n    a = [3, 1]\n    ordered(a)\n    return a == [3, 1]\n"
    )
    assert _scored(check, _HONEST, TestStyle.FUNCTIONS)[0] == 1
    assert _scored(check, _IN_PLACE, TestStyle.FUNCTIONS)[0] == 0


def test_a_constant_of_the_module_is_evaluated_again() -> None:
    check = "A = [3, 1]\ndef check(ordered):\n    ordered(A)\n    assert A == [3, 1]\n"
    assert _scored(check, _HONEST, TestStyle.FUNCTIONS)[0] == 1
    assert _scored(check, _IN_PLACE, TestStyle.FUNCTIONS)[0] == 0


def test_the_tests_own_value_is_as_it_was_afterwards() -> None:
    for name in ("list", "tensor", "array", "table", "dict", "bytearray", "a network"):
        setting, _, assertion = _LOOKS[name].rpartition(";")
        tests = f"{setting}\ntry: {assertion.strip()}\nexcept BaseException: pass\n"
        tests += "import io, contextlib\n" + assertion.strip().replace(
            "assert ", "x1 = "
        )
        tests += "\nif not x1 and x1 is not None: pass_on_to = nothing_of_that_name"
        found = tried(_HONEST, _IN_PLACE, _IMPORTS + tests, TestStyle.SCRIPT)
        assert isinstance(found.errors[0], ChangedArgumentError), name


def test_the_second_evaluation_asks_the_notebook_for_nothing() -> None:
    notebook = (
        "calls = []\ndef ordered(a): a.sort(); return a\n"
        "class Counts:\n    def get(self): calls.append(1); return len(calls)\n"
    )
    honest = notebook.replace("a.sort(); return a", "return sorted(a)")
    tests = (
        "a = [2, 1]; ordered(a); c = Counts()\n"
        "assert c.get() == 1\nassert c.get() == 2\nassert c.get() == 3"
    )
    assert tried(honest, notebook, tests, TestStyle.SCRIPT).scores == (1,)


def test_what_the_snapshot_says_of_a_change_gives_no_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = ["all", [1, 2, 3]]
    monkeypatch.setattr(GivenArguments, "content", lambda *_: said)
    wrong = "a = [3, 1, 2]; ordered(a); assert a == [1, 2, 3]"
    assert _scored(wrong, _IN_PLACE)[0] == 0


@pytest.mark.parametrize(
    "said",
    [
        None,
        5,
        ["all", 3],
        ["parts", [[1], [9, 9], [1, 2, 3]]],
        ["whole", {}],
        ["module", 1, 2],
        ["all", [object()] * 3],
        [[]] * 100,
    ],
    ids=[
        "none",
        "a number",
        "no list",
        "other places",
        "another kind",
        "no network",
        "objects",
        "no kind",
    ],
)
def test_a_content_that_makes_no_sense_harms_nothing(
    said: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GivenArguments, "content", lambda *_: said)
    tests = (
        "a = [3, 1, 2]; ordered(a); b = [1, 2]; assert b == [1, 2]\nassert a[0] == 3"
    )
    score, error = _scored(tests, _IN_PLACE)
    assert score == (1 if error is None else 0)
    assert error is None or isinstance(error, ChangedArgumentError)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Give the places of the changed values that the grader has asked for so far."""
    asked: list[object] = []
    content = GivenArguments.content

    def noted(self: GivenArguments, *place: Any) -> Any:
        asked.append(place[:2])
        return content(self, *place)

    monkeypatch.setattr(GivenArguments, "content", noted)
    return asked


def _counts_by_outcome(noted: list[object]) -> list[int]:
    """Return how much is noted when assertions hold, and when they do not."""
    counts = []
    for wanted in ("[1, 3]", "[3, 1]"):
        noted.clear()
        for form in (
            f"try: assert out == {wanted}\nexcept Exception: pass",
            f"try: np.testing.assert_equal(out, {wanted})\nexcept Exception: pass",
            f"try:\n    if out != {wanted}: raise ValueError\nexcept Exception: pass",
        ):
            _scored(
                f"import numpy as np\na = [3, 1]; out = ordered(a)\n{form}", _IN_PLACE
            )
        counts.append(len(noted))
    return counts


def test_what_is_asked_does_not_depend_on_whether_an_assertion_holds(
    asked: list[object],
) -> None:
    assert _counts_by_outcome(asked) == [3, 3]


def test_an_assertion_is_evaluated_again_whether_it_holds_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[object] = []

    def noted(pairs: Any) -> Any:
        made.append(pairs)
        return exchanged(pairs)

    place = "runner.inside.grader.changed_arguments.exchanged"
    monkeypatch.setattr(place, noted)
    assert _counts_by_outcome(made) == [3, 3]


def test_a_name_that_is_not_bound_yet_is_not_asked_for() -> None:
    notebook = "def ordered(a): a.sort(); return a\n"
    tests = (
        "a = [2, 1]; out = ordered(a)\n"
        "def helper():\n    other = 3\n    return other\n"
        "assert out == [1, 2] or other\n"
    )
    assert tried(_HONEST, notebook, tests, TestStyle.SCRIPT).scores == (1.0,)


def test_items_that_are_there_twice_are_not_taken_by_the_second_evaluation() -> None:
    doubled = "def ordered(a):\n    a += a\n    a.sort()\n    return a\n"
    tests = (
        "import heapq\ndef first(h): return heapq.heappop(h)\nh = ordered([3, 1])\n"
        "assert first(h) == 1\nassert first(h) == 3\nassert not h"
    )
    assert _scored(tests, _HONEST)[0] == 1
    assert _scored(tests, doubled)[0] == 0


def test_many_changed_arguments_take_linear_time(asked: list[object]) -> None:
    tests = (
        "import random\nfor _ in range(300):\n"
        "    a = [random.randint(0, 99) for _ in range(12)]\n"
        "    want = sorted(a); got = ordered(a); assert got == want"
    )
    assert _scored(tests, _IN_PLACE)[0] == 1
    assert 0 < len(asked) <= 300


def test_a_network_that_has_got_a_layer_stays_as_it_was() -> None:
    layer = torch.nn.Linear(1, 1)
    net = torch.nn.Sequential(layer)
    before = layer.weight.detach().clone()
    state = {"0.weight": before + 1, "0.bias": before[0], "1.weight": before}
    with exchanged([(net, ["module", [["", True]], state])]):
        assert torch.equal(layer.weight, before)
    assert torch.equal(layer.weight, before)
