"""A test's settings, such as `no_grad`, hold for the student's code that it calls."""

from typing import Final

import pytest

from runner.protocol.jobs import TestStyle
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_NOTEBOOK: Final = """
import torch, numpy as np
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)
    def forward(self, x): return self.layer(x)
class Buffer:
    def __init__(self): self.items = []
    def __len__(self): return len(self.items)
    def __iter__(self): return iter(self.items)
class Agent:
    def __init__(self, buffer): self.buffer = buffer
    def step(self, x): self.buffer.items.append(x)
def run(agent): agent.step(7)
class OddError(ValueError):
    def __init__(self, words):
        super().__init__(words)
        self.words, self.object = words.split(), 3
def fail(): raise OddError("a b")
def fail_as(name):
    import json, queue
    if name == "numpy": torch.tensor([[1.]]).numpy() and np.linalg.inv(np.zeros((2, 2)))
    if name == "json": json.loads("{")
    if name == "queue": queue.Queue().get_nowait()
    if name == "stop": raise StopIteration
def runs(n, k):
    run = []
    for i in range(n):
        run.clear()
        run += range(i, i + k)
        yield run if k else list(run)
def windows(n):
    found = np.empty(2)
    for i in range(n):
        found[:] = i, i + 1
        yield i, found
def fresh(n): return ([i, i + 1] for i in range(n))
def chatty():
    print("one")
    yield 1
class Loud:
    def __init__(self): pass
    def __add__(self, other): print("plus"); return self
    def __len__(self): print("long"); return 2
    @property
    def size(self): print("size"); return 3
def seen(labels): given.extend(labels)
given = []
def late():
    found = [0]
    yield found
    found[:] = given
    yield found
def f(x): return x + 1
"""
_WITHOUT_GRADIENTS: Final = {
    "in the block": "with torch.no_grad():\n    out = net(x).numpy()\nassert out.shape",
    "after it": "with torch.no_grad():\n    out = net(x)\nassert np.asarray(out).shape",
    "told": "with torch.no_grad():\n    out = net(x)\nassert not out.requires_grad",
    "parameters": (
        "with torch.no_grad():\n    p = list(net.parameters())\n"
        "assert all(one.requires_grad for one in p)"
    ),
    "inference": "with torch.inference_mode():\n    out = net(x)\nassert not out.requires_grad",
    "in a process": (
        "def look():\n    with torch.no_grad(): net(x)\n"
        "import multiprocessing\np = multiprocessing.Process(target=look)\n"
        "p.start()\np.join()\nassert net(x).requires_grad"
    ),
    "and with them again": (
        "with torch.no_grad():\n    net(x)\nassert net(x).requires_grad"
    ),
}
# An object that a call on another object has changed.
_CHANGED: Final = {
    "made": "buffer = Buffer()\nagent = Agent(buffer)",
    "read": "agent = Agent(Buffer())\nbuffer = agent.buffer",
}
_CALLS: Final = {"its method": "agent.step(7)", "a function": "run(agent)"}
_MAIN: Final = """
import unittest
class Works(unittest.TestCase):
    def test_it(self): self.assertEqual(f(1), 2)
if __name__ == "__main__":
    result = unittest.main(argv=["x"], exit=False).result
    assert result.wasSuccessful()
"""


def scored(
    tests: str, notebook: str = _NOTEBOOK, style: TestStyle = TestStyle.SCRIPT
) -> float:
    (score,) = tried(_NOTEBOOK, notebook, tests, style).scores
    return score


@pytest.mark.parametrize("name", _WITHOUT_GRADIENTS)
def test_no_grad_in_a_test_holds_in_the_notebook(name: str) -> None:
    start = "import torch, numpy as np\nnet, x = Net(), torch.zeros(4, 3)\n"
    assert scored(start + _WITHOUT_GRADIENTS[name]) == 1


@pytest.mark.parametrize("call", _CALLS)
@pytest.mark.parametrize("name", _CHANGED)
def test_an_object_is_read_as_the_last_call_left_it(name: str, call: str) -> None:
    test = f"{_CHANGED[name]}\nassert len(buffer) == 0 and list(buffer) == []\n"
    test += f"{_CALLS[call]}\nassert len(buffer) == 1 and list(buffer) == [7]"
    assert scored(test) == 1


def test_an_exception_has_the_attributes_that_its_class_gives_it() -> None:
    test = "try:\n    fail()\nexcept OddError as e:\n    assert e.words == ['a', 'b']\n"
    assert scored(f"{test}    assert e.object == 3 and str(e) == 'a b'") == 1


def test_a_test_is_the_main_module() -> None:
    assert scored(_MAIN) == 1
    assert scored(_MAIN, "def f(x): return 0") == 0
    lines = _MAIN.strip().splitlines()
    shown = "".join(f"{'...' if line[0] == ' ' else '>>>'} {line}\n" for line in lines)
    assert scored(shown, style=TestStyle.DOCTEST) == 1
    assert scored(shown, "def f(x): return 0", TestStyle.DOCTEST) == 0


_ERRORS: Final = {
    "numpy": ("import numpy as np", "np.linalg.LinAlgError"),
    "json": ("import json", "json.JSONDecodeError"),
    "queue": ("import queue", "queue.Empty"),
}


@pytest.mark.parametrize("name", _ERRORS)
def test_a_test_expects_the_exception_of_a_library(name: str) -> None:
    start, error = _ERRORS[name]
    test = f"{start}\nmet = False\ntry: fail_as({name!r})\nexcept {error}: met = True\n"
    assert scored(f"{test}assert met") == 1
    other = test.replace(f"fail_as({name!r})", "fail_as('stop')")
    assert scored(f"{other}assert met") == 0


# A generator that yields one list or array again and again, and changes it.
_SHARED: Final = {
    "lists": "list(runs(3, 2)) == [[0, 1], [1, 2], [2, 3]]",
    "tuples": "[list(w) for _, w in list(windows(2))] == [[0, 1], [1, 2]]",
}


@pytest.mark.parametrize("name", _SHARED)
def test_an_object_that_is_yielded_again_is_the_same_object(name: str) -> None:
    assert scored(f"assert {_SHARED[name]}") == 0
    copied = _NOTEBOOK.replace("yield run if k else list(run)", "yield list(run)")
    copied = copied.replace("yield i, found", "yield i, found.copy()")
    assert scored(f"assert {_SHARED[name]}", copied) == 1
    assert scored("assert [list(run) for run in runs(2, 2)] == [[0, 1], [1, 2]]") == 1
    assert scored("assert list(fresh(2)) == [[0, 1], [1, 2]]") == 1


def test_an_item_is_not_changed_after_the_expected_value_was_sent() -> None:
    test = (
        "it = late()\nfirst = next(it)\nseen([7, 8])\nnext(it)\nassert first == [7, 8]"
    )
    assert scored(test) == 0


@pytest.mark.parametrize(
    ("looks", "printed"),
    [
        ("list(chatty())", "one"),
        ("Loud() + Loud()", "plus"),
        ("len(Loud())", "long"),
        ("Loud().size", "size"),
    ],
)
def test_output_of_all_code_of_the_notebook_is_captured(
    looks: str, printed: str
) -> None:
    test = f"import contextlib, io\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    {looks}\n"
    assert scored(f"{test}assert out.getvalue() == '{printed}\\n'") == 1


# Classes that one library shows and another defines: one skips tests, one catches all.
@pytest.mark.parametrize(
    "place",
    [
        ("numpy.testing._private.utils", "SkipTest"),
        ("numpy._core._multiarray_umath", "error"),
        ("unittest.case", "SkipTest"),
        ("numpy.linalg", "LinAlgError.x"),
    ],
)
def test_a_student_s_class_does_not_pass_for_a_library_s(
    place: tuple[str, str],
) -> None:
    notebook = f"class Later(Exception): pass\nLater.__module__, Later.__qualname__ = {place}\n"
    notebook += "def f(x): raise Later"
    error = (
        "import unittest\nclass T(unittest.TestCase):\n"
        "    def test_one(self): f(1)\n    def test_two(self): pass\n"
        "result = unittest.main(argv=['x'], exit=False).result\n"
        "assert result.wasSuccessful()"
    )
    assert scored(error, notebook) == 0
    assert scored(error, "def f(x): return x") == 1


_TIED: Final = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.head = torch.nn.Embedding(4, 3), torch.nn.Linear(3, 4)
        TIE
        self.shared, self.also, self.words = [1], [1], {}
        self.words['all'] = self.shared
"""
_TIE: Final = "self.head.weight = self.embed.weight"
_COPY: Final = "self.head.weight.data = self.embed.weight.data.clone()"


@pytest.mark.parametrize(
    "looks",
    [
        "net.embed.weight is net.head.weight",
        "net.head.weight.data_ptr() == net.embed.weight.data_ptr()",
        "id(net.embed.weight) == id(net.head.weight)",
    ],
)
def test_two_attributes_are_one_object_where_they_are_one_in_the_notebook(
    looks: str,
) -> None:
    test = f"net = Net()\nassert {looks}\nassert net.shared is not net.also"
    assert scored(test, _TIED.replace("TIE", _TIE)) == 1
    assert scored(test, _TIED.replace("TIE", _COPY)) == 0


@pytest.mark.parametrize("megabytes", [2, 100])
def test_that_does_not_depend_on_their_size(megabytes: int) -> None:
    notebook = (
        f"import torch\nbig = torch.zeros({megabytes}, 2 ** 18)\n"
        "class Net:\n    def __init__(self):\n"
        "        self.a, self.b, self.c = big, TIE, [[1.5] * 200_000]\n        self.d = SHARED\n"
    )
    test = "net = Net()\nassert net.a is net.b and net.b is net.a and net.c is net.d"
    tied = notebook.replace("TIE", "big").replace("SHARED", "self.c")
    assert scored(test, tied) == 1
    assert scored(test, tied.replace("big, big", "big, big.clone()")) == 0
    assert scored(test, tied.replace("self.d = self.c", "self.d = [*self.c]")) == 0


def test_attributes_are_read_anew_once_the_notebook_s_code_has_run() -> None:
    notebook = "class A:\n    def __init__(self): self.a = self.b = [1]\n    def cut(self): self.b = [1]"
    assert (
        scored(
            "x = A()\nassert x.a is x.b\nx.a.append(2)\nassert x.b == [1, 2]", notebook
        )
        == 1
    )
    assert scored("x = A()\nx.cut()\nassert x.a is x.b", notebook) == 0
    assert (
        scored(
            "x = A()\nkept = x.a\nx.cut()\nassert x.b == [1] and x.b is not kept",
            notebook,
        )
        == 1
    )


def test_an_error_of_a_library_is_exactly_of_its_class() -> None:
    start = "import numpy as np\nE = np.linalg.LinAlgError\n"
    start += "try: fail_as('numpy')\nexcept Exception as e: kind = type(e)\n"
    test = "assert kind is E and kind == E and E == kind and kind in {E} and kind != Exception"
    assert scored(f"{start}{test} and kind is not ValueError") == 1
    own = "import numpy as np\nclass Odd(np.linalg.LinAlgError): pass\ndef fail_as(_): raise Odd"
    assert scored(f"{start}assert kind is E or kind == E or kind in {{E}}", own) == 0
