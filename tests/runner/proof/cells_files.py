"""Entries with private files, handed-in files, and data that the test passes on."""

from collections.abc import Mapping
from typing import Any, Final

import torch

from runner.protocol.jobs import TestStyle
from tests.runner.proof.cells_mocks import script
from tests.runner.proof.entries import Entry
from tests.runner.proof.files import (
    labels,
    npy,
    npz,
    numbers,
    pickled,
    saved,
    tensors,
    text,
)


def functions(right: str, wrong: tuple[str, str], tests: str, **more: Any) -> Entry:
    """Return an entry whose checks are functions."""
    return Entry(
        style=TestStyle.FUNCTIONS, right=right, wrong=wrong, tests=tests, **more
    )


SIGNS: Final = """
import numpy as np
def predict(x):
    return (x > 0.5).astype(int)
"""


def _table(salt: int) -> str:
    rows = [f"{a:.6f},{a * 2:.6f}" for a in numbers(salt, 5)]
    return "\n".join(["x,y", *rows])


def _state(salt: int) -> dict[str, torch.Tensor]:
    weight = torch.from_numpy(numbers(salt, 2, 3)).float()
    return {"weight": weight, "bias": torch.ones(2)}


def _halves(salt: int) -> dict[str, Any]:
    """Return inputs that are given to the notebook, and labels that are not."""
    x = numbers(0, 40)
    return {"x": x, "y": (x > 0.5).astype(int), "unused": numbers(salt, 7)}


ENTRIES: Final[Mapping[str, Entry]] = {
    "private inputs are given, private labels are kept": functions(
        SIGNS,
        ("> 0.5", "> 0.9"),
        """
import numpy as np
def accuracy(predict, private):
    x = np.load(private / "x.npy")
    y = (x > ⟦0.5⟧).astype(int)
    extra = np.load(private / "labels.npy")
    return float(bool((predict(x) == y).all()) and extra.shape == (40,))
""",
        given={"x.npy": npy(lambda salt: numbers(salt, 40))},
        private={"labels.npy": npy(lambda salt: labels(salt, 40))},
    ),
    "an archive of arrays": functions(
        SIGNS,
        ("> 0.5", "< 0.5"),
        """
import numpy as np
def share(predict, private):
    with np.load(private / "data.npz") as data:
        return float((predict(data["x"]) == data["y"]).mean())
""",
        private={"data.npz": npz(_halves)},
    ),
    "a csv of the tests'": functions(
        "def double(x):\n    return round(2 * x, 6)",
        ("2 * x", "x"),
        """
import csv
def rows(double, private):
    with open(private / "rows.csv") as source:
        table = [(float(r["x"]), float(r["y"])) for r in csv.DictReader(source)]
    assert all(abs(double(0.25 * n) - 0.5 * n) < 1e-6 for n in range(4))
    assert len(table) == 5
""",
        private={"rows.csv": text(_table)},
    ),
    "numpy reads a private table": functions(
        "def mean(xs):\n    return sum(xs) / len(xs)",
        ("/ len(xs)", "/ 2"),
        """
import numpy as np
def means(mean, private):
    table = np.genfromtxt(private / "rows.csv", delimiter=",", names=True)
    assert abs(mean([1.0, 2.0, 6.0]) - ⟦3.0⟧) < 1e-9
    assert table.dtype.names == ("x", "y") and np.allclose(table["y"], 2 * table["x"])
""",
        private={"rows.csv": text(_table)},
    ),
    "reference weights in safetensors": functions(
        "def affine(x, w, b):\n    return x @ w.T + b",
        ("+ b", "- b"),
        """
import torch
from safetensors.torch import load_file
def same(affine, private):
    state = load_file(private / "reference.safetensors")
    layer = torch.nn.Linear(3, 2)
    layer.load_state_dict(state)
    w, b = torch.ones(2, 3), torch.ones(2)
    layer(torch.ones(1, 3))
    x = torch.ones(4, 3)
    return torch.allclose(affine(x, w, b), torch.full((4, 2), ⟦4.0⟧))
""",
        private={"reference.safetensors": tensors(_state)},
    ),
    "private tensors that torch saved": functions(
        "def total(x):\n    return x.sum()",
        ("x.sum()", "x.mean()"),
        """
import torch
def check(total, private):
    state = torch.load(private / "reference.pt", weights_only=True)
    assert state["weight"].shape == (2, 3)
    assert total(torch.ones(5)) == ⟦5⟧
""",
        private={"reference.pt": saved(_state)},
        needs_jail=True,
    ),
    "a private pickle of plain data": functions(
        "def invert(d):\n    return {v: k for k, v in d.items()}",
        ("{v: k", "{k: v"),
        """
import pickle
def check(invert, private):
    with open(private / "answers.pkl", "rb") as source:
        answers = pickle.load(source)
    assert invert({"a": 1}) == {⟦1⟧: "a"}
    assert len(answers) == 2
""",
        private={"answers.pkl": pickled(lambda salt: {"a": salt, "b": [salt]})},
        needs_jail=True,
    ),
    "handed-in weights in safetensors": functions(
        "from torch import nn\nclass Net(nn.Linear):\n    def __init__(self):\n"
        "        super().__init__(3, 2)",
        ("(3, 2)", "(2, 2)"),
        """
from safetensors.torch import load_file
def loads(Net, files):
    Net().load_state_dict(load_file(files / "weights.safetensors"))
""",
        files={"weights.safetensors": tensors(_state)},
        needs_jail=True,
    ),
    "handed-in weights that torch saved": functions(
        "import torch\nfrom torch import nn\nclass Net(nn.Linear):\n"
        "    def __init__(self):\n        super().__init__(3, 2)",
        ("(3, 2)", "(2, 2)"),
        """
import torch
def loads(Net, files):
    state = torch.load(files / "weights.pt", map_location="cpu")
    assert state["bias"].tolist() == [1.0, 1.0]
    net = Net()
    net.load_state_dict(state)
    assert torch.equal(net.bias, torch.ones(2))
""",
        files={"weights.pt": saved(_state)},
        needs_jail=True,
    ),
    "torch.load by its name in a script": script(
        "import torch\nfrom torch import nn\nnet = nn.Linear(3, 2)",
        ("(3, 2)", "(2, 2)"),
        "import torch\nfrom torch import load\n"
        "state = torch.load('weights.pt')\nnet.load_state_dict(state)\n"
        "assert net.bias.tolist() == [1.0, 1.0]",
        files={"weights.pt": saved(_state)},
        needs_jail=True,
    ),
    "a handed-in array": functions(
        "def size(x):\n    return x.size",
        ("x.size", "x.ndim"),
        """
import numpy as np
def check(size, files):
    x = np.load(files / "result.npy")
    assert x.shape == (5, 2)
    assert size(x) == ⟦10⟧
""",
        files={"result.npy": npy(lambda salt: numbers(salt, 5, 2))},
        needs_jail=True,
    ),
    "the notebook loads its own file": functions(
        "import numpy as np\nweights = np.load('result.npy')\n"
        "def total():\n    return float(weights.sum())",
        (".sum()", ".max()"),
        """
import numpy as np
def check(total, weights):
    assert abs(total() - float(np.sum(weights))) < 1e-9
""",
        files={"result.npy": npy(lambda salt: numbers(salt, 5, 2))},
        needs_jail=True,
    ),
    "a slice of the private data is given": functions(
        "def total(x):\n    return float(x.sum())",
        ("x.sum()", "x.max()"),
        """
import numpy as np
import torch
KEPT = ⟦987.25⟧
def array(total):
    x = np.full(100, KEPT)
    x[:10] = 1.0
    assert total(x[:10]) == ⟦10.0⟧
def tensor(total):
    x = torch.full((100,), KEPT)
    x[:10] = 1.0
    assert total(x[:10]) == ⟦10.0⟧
def strided(total):
    x = torch.full((10, 10), KEPT)
    x[:, 0] = 2.0
    assert total(x[:, 0]) == ⟦20.0⟧
""",
        earns=(1.0, 1.0, 1.0),
        loses=(0.0, 0.0, 0.0),
    ),
    "a subset of the private data is a data set": functions(
        "def first(data):\n    return [float(data[i][0]) for i in range(len(data))]",
        ("range(len(data))", "range(1)"),
        """
import torch
from torch.utils.data import TensorDataset
KEPT = ⟦987.25⟧
def check(first):
    x = torch.full((50,), KEPT)
    x[:3] = torch.tensor([1.0, 2.0, 3.0])
    assert first(TensorDataset(x[:3])) == [1.0, 2.0, 3.0]
""",
    ),
}
