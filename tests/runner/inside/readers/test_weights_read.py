"""A test reads the content of a handed-in file, which the notebook cannot change."""

import argparse
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import JobResult, Limits, Verdict
from tests.runner.notebooks import job, job_file, question, scores

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

BIG = {"weight": torch.arange(400.0).reshape(20, 20), "bias": torch.ones(20)}
# A notebook in which every function that reads a file returns another file's content.
LYING = """
import pickle, numpy as np, torch
real, loading = torch.load, pickle.load
torch.load = torch.serialization.load = lambda f, *a, **k: real('full.pt')
pickle.load = lambda f, **k: loading(open('full.pkl', 'rb'))
np.load = lambda f, **k: np.ones(1000)
class Config: pass
"""


def checked(
    runner: Runner, notebook: str, test: str, files: dict[str, Path], **changes: Any
) -> JobResult:
    heads = (
        "import gzip, io, os, pickle, torch, numpy as np\nfrom pathlib import Path\n"
    )
    handed_in = tuple(job_file(path, name) for name, path in files.items())
    questions = (question("q1", heads + test),)
    return runner.run(job(notebook, questions=questions, files=handed_in, **changes))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Return handed-in files of weights, arrays and pickles."""
    torch.save(BIG, tmp_path / "full.pt")
    torch.save({"a": 1}, tmp_path / "small.pt")
    (tmp_path / "full.pkl").write_bytes(pickle.dumps({"w": np.ones(1000)}))
    (tmp_path / "small.pkl").write_bytes(pickle.dumps({"w": np.ones(3)}))
    np.save(tmp_path / "small.npy", np.array([1, None, 2]), allow_pickle=True)
    np.savez(tmp_path / "small.npz", x=np.array([1, None]), y=np.arange(3))
    # An object, and weights beside it.
    mixed = {"weight": torch.ones(2), "config": argparse.Namespace(lr=0.1)}
    torch.save(mixed, tmp_path / "mixed.pt")
    return {path.name: path for path in tmp_path.iterdir()}


LOADED = {
    "weights": "torch.load(files / 'small.pt') == {'a': 1}",
    "weights by torch's module": "torch.serialization.load('small.pt') == {'a': 1}",
    "weights, objects allowed": "torch.load('small.pt', weights_only=False) == {'a': 1}",
    "weights, twice": "torch.load('small.pt') == torch.load('small.pt') == {'a': 1}",
    "a pickle": "len(pickle.load(open(files / 'small.pkl', 'rb'))['w']) == 3",
    "objects": "len(np.load(files / 'small.npy', allow_pickle=True)) == 3",
    "an archive": "len(np.load('small.npz', allow_pickle=True)['x']) == 2",
}


@pytest.mark.parametrize("holds", LOADED.values(), ids=LOADED)
def test_the_notebook_does_not_decide_a_file_s_content(
    runner: Runner, files: dict[str, Path], holds: str
) -> None:
    test = f"def check(files):\n    assert {holds}\n"
    result = checked(runner, LYING, test, files)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


def test_weights_cannot_be_made_after_the_inputs_are_known(
    runner: Runner, files: dict[str, Path]
) -> None:
    notebook = (
        "import torch\ndef prepare(x):\n    global seen\n    seen = x\n    return x\n"
        "torch.load = lambda *a, **k: {'answer': seen * 2}\n"
    )
    test = (
        "def check(files, prepare):\n    x = torch.randn(3)\n    prepare(x)\n"
        "    found = torch.load(files / 'small.pt')\n"
        "    assert 'answer' not in found and found['a'] == 1\n"
    )
    assert scores(checked(runner, notebook, test, files)) == {"q1": [1.0]}


def test_weights_beside_an_object_are_read_from_the_file(
    runner: Runner, files: dict[str, Path]
) -> None:
    """Only the object itself is fetched from the notebook."""
    notebook = (
        "import argparse, torch\nloading = torch.load\n"
        "def load(*a, **k):\n    return loading(*a, **k) | {'weight': torch.zeros(2)}\n"
        "torch.load = load\n"
    )
    test = (
        "def check(files):\n"
        "    found = torch.load(files / 'mixed.pt', weights_only=False)\n"
        "    assert torch.equal(found['weight'], torch.ones(2))\n"
        "    assert found['config'].lr == 0.1\n"
    )
    assert scores(checked(runner, notebook, test, files)) == {"q1": [1.0]}


PRETENDED = {
    "weights": "{'w': torch.ones(2)}",
    "a tensor": "torch.ones(2)",
    "an array": "np.ones(2)",
    "a number": "1.0",
    "a list": "[torch.ones(2)]",
    "an array of records": "np.ones(2).view(np.recarray)",
    "a fraction": "__import__('fractions').Fraction(1, 2)",
    "a range": "range(3)",
    "a table": "__import__('pandas').DataFrame({'w': [1.0]})",
    "a named tuple": "__import__('collections').namedtuple('N', 'w')(torch.ones(2))",
}


@pytest.mark.parametrize("given", PRETENDED.values(), ids=PRETENDED)
def test_data_does_not_replace_an_object_in_a_file(
    runner: Runner, files: dict[str, Path], given: str
) -> None:
    """The object's class is the notebook's, which may return data in its place."""
    notebook = (
        "import argparse, numpy as np, torch\n"
        f"argparse.Namespace = type('N', (), {{'__new__': lambda c: {given}}})\n"
        f"torch.load = lambda *a, **k: {{'config': {given}}}\n"
    )
    test = (
        "def check(files):\n"
        "    try:\n        torch.load(files / 'mixed.pt', weights_only=False)\n"
        "    except Exception:\n        pass\n"
    )
    result = checked(runner, notebook, test, files)
    assert scores(result) == {"q1": [0.0]}
    assert "in its place" in result.questions[0].checks[0].trace


def test_an_object_in_a_file_is_an_object(
    runner: Runner, files: dict[str, Path], tmp_path: Path
) -> None:
    torch.save(torch.nn.Linear(2, 1), tmp_path / "net.pt")
    rows = [argparse.Namespace(n=n) for n in range(3)]
    (tmp_path / "rows.pkl").write_bytes(pickle.dumps(b"head") + pickle.dumps(rows))
    test = (
        "def check(files):\n"
        "    net = torch.load(files / 'net.pt', weights_only=False)\n"
        "    assert net(torch.ones(3, 2)).shape == (3, 1)\n"
        "    mixed = torch.load(files / 'mixed.pt', weights_only=False)\n"
        "    assert mixed['config'].lr == 0.1\n"
        "    with open(files / 'rows.pkl', 'rb') as file:\n"
        "        assert pickle.load(file) == b'head'\n"
        "        assert [row.n for row in pickle.load(file)] == [0, 1, 2]\n"
        "def check_weights_only(files):\n"
        "    try:\n        torch.load(files / 'net.pt')\n"
        "    except pickle.UnpicklingError as error:\n"
        "        assert 'Linear was not an allowed global' in str(error)\n"
        "    else:\n        assert False\n"
    )
    more = {name: tmp_path / name for name in ("net.pt", "rows.pkl")}
    result = checked(runner, "1", test, files | more)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [
        (1, "")
    ] * 2


WAYS = {
    "a path": "files / 'full.pt'",
    "os.path": "os.path.join(files, 'full.pt')",
    "text": "f'{files}/full.pt'",
    "a name": "'full.pt'",
    "another Path": "Path(files, 'full.pt')",
    "an open file": "open(files / 'full.pt', 'rb')",
    "a file by its path": "Path('full.pt').open('rb')",
    "unbuffered": "open('full.pt', 'rb', buffering=0)",
    "bytes": "io.BytesIO((files / 'full.pt').read_bytes())",
    "bytes of an open file": "io.BytesIO(open('full.pt', 'rb').read())",
    "packed bytes": "gzip.GzipFile(fileobj=io.BytesIO(gzip.compress("
    "(files / 'full.pt').read_bytes())))",
}


@pytest.mark.parametrize("source", WAYS.values(), ids=WAYS)
def test_a_file_is_loaded_from_any_path_or_stream(
    runner: Runner, files: dict[str, Path], source: str
) -> None:
    test = (
        "def check(files):\n"
        f"    found = torch.load({source}, map_location=torch.device('cpu'))\n"
        "    assert found['weight'].sum() == 399 * 200 and len(found) == 2\n"
        f"    assert len(torch.load({source}, 'cpu', weights_only=True)) == 2\n"
        f"    assert len(torch.load({source}, weights_only=False)) == 2\n"
    )
    result = checked(runner, "1", test, files)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


def test_a_checkpoint_is_loaded_whole(runner: Runner, tmp_path: Path) -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    made = torch.optim.Adam(net.parameters(), lr=0.1)
    net(torch.ones(4, 3)).sum().backward()
    made.step()
    content = {
        "model": net.state_dict(),
        "optimiser": made.state_dict(),
        "epoch": 3,
        "losses": [0.5, np.float64(0.25)],
        "means": [np.ones(2), np.zeros((2, 2))],
    }
    torch.save(content, tmp_path / "checkpoint.pt")
    notebook = (
        "import torch\ndef Net():\n    return torch.nn.Sequential("
        "torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))\n"
    )
    test = (
        "def check(Net, files):\n"
        "    found = torch.load(files / 'checkpoint.pt')\n"
        "    net = Net()\n    net.load_state_dict(found['model'])\n    net.eval()\n"
        "    own = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))\n"
        "    own.load_state_dict(found['model'])\n    own.eval()\n"
        "    x = torch.randn(5, 3)\n    assert torch.equal(net(x), own(x))\n"
        "    torch.optim.Adam(own.parameters()).load_state_dict(found['optimiser'])\n"
        "    assert found['epoch'] == 3 and sum(found['losses']) == 0.75\n"
        "    assert [mean.shape for mean in found['means']] == [(2,), (2, 2)]\n"
    )
    files = {"checkpoint.pt": tmp_path / "checkpoint.pt"}
    result = checked(runner, notebook, test, files)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


def test_torch_load_takes_safetensors_by_their_name(
    runner: Runner, tmp_path: Path
) -> None:
    save_file = pytest.importorskip("safetensors.torch").save_file
    save_file({"w": torch.ones(2)}, tmp_path / "net.safetensors")
    test = (
        "def check(files):\n"
        "    found = torch.load(files / 'net.safetensors')\n"
        "    assert torch.equal(found['w'], torch.ones(2))\n"
    )
    files = {"net.safetensors": tmp_path / "net.safetensors"}
    assert scores(checked(runner, LYING, test, files)) == {"q1": [1.0]}


def test_large_weights_cross_to_the_student_s_model(
    runner: Runner, tmp_path: Path
) -> None:
    torch.save({"weight": torch.ones(5000, 5000)}, tmp_path / "large.pt")
    test = (
        "def check(Net, files):\n    net = Net()\n"
        "    found = torch.load(files / 'large.pt')\n"
        "    net.load_state_dict(found)\n"
        "    assert net(torch.ones(1, 5000))[0, 0] == 5000\n"
    )
    notebook = (
        "import torch\ndef Net():\n    return torch.nn.Linear(5000, 5000, bias=False)\n"
    )
    files = {"large.pt": tmp_path / "large.pt"}
    limits = Limits(cell_seconds=60, question_seconds=60, run_seconds=120)
    result = checked(runner, notebook, test, files, limits=limits)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


FAULTY = {
    "a missing file": "torch.load(files / 'nothing.pt')",
    "another folder's file": "torch.load('/etc/passwd')",
    "an object of the notebook's": "torch.load(thing)",
    "a number of the notebook's": "pickle.loads(thing)",
    "a cut file": "torch.load(io.BytesIO((files / 'full.pt').read_bytes()[:-1]))",
    "a text": "torch.load(io.BytesIO(b'weights'))",
    "an empty file": "torch.load(io.BytesIO(b''))",
}


@pytest.mark.parametrize("loading", FAULTY.values(), ids=FAULTY)
def test_a_file_that_is_not_weights_fails_that_check_alone(
    runner: Runner, files: dict[str, Path], loading: str
) -> None:
    test = (
        f"def check(files, thing):\n    {loading}\ndef check_more(thing):\n    pass\n"
    )
    result = checked(runner, "class T: pass\nthing = T()", test, files)
    assert result.verdict is Verdict.COMPLETED
    assert scores(result) == {"q1": [0.0, 1.0]}
