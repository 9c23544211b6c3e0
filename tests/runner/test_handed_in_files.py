"""What tests do with handed-in files: nothing of them runs in the grader's process."""

import collections
import pickle
from pathlib import Path

import numpy as np
import pytest

from runner.host import Runner
from runner.protocol import JobResult, Verdict
from tests.runner.notebooks import ANSWER, job, job_file, question, scores

pytestmark = pytest.mark.torch


def run(runner: Runner, *cells: str, **changes: object) -> JobResult:
    return runner.run(job(*cells, **changes))


UNPICKLING = {
    "bytes": "pickle.loads((files / 'w.pkl').read_bytes())",
    "an unpickler": "pickle.Unpickler(open(files / 'w.pkl', 'rb')).load()",
    "Python's own machine": "pickle._Unpickler(open(files / 'w.pkl', 'rb')).load()",
    "memory": "pickle.load(io.BytesIO((files / 'w.pkl').read_bytes()))",
    "numpy": "np.load(io.BytesIO((files / 'w.npy').read_bytes()), allow_pickle=True)",
    "torch": "torch.load(io.BytesIO((files / 'w.pt').read_bytes()))",
    "torch, of a file": "torch.load(open(files / '..' / 'files' / 'w.pt', 'rb').raw.buf)",
    "the compiled machine": "__import__('_pickle').loads((files / 'w.pkl').read_bytes())",
}


@pytest.mark.parametrize("loading", UNPICKLING.values(), ids=UNPICKLING)
def test_nothing_handed_in_is_unpickled_by_the_grader(
    runner: Runner, tmp_path: Path, loading: str
) -> None:
    """Whatever way a test takes, it is refused, or the snapshot does it."""
    import torch  # noqa: PLC0415 - as a student makes the file

    (tmp_path / "w.pkl").write_bytes(pickle.dumps(collections.OrderedDict(a=1)))
    np.save(tmp_path / "w.npy", np.array([{"a": 1}]), allow_pickle=True)
    torch.save({"a": torch.ones(1)}, tmp_path / "w.pt")
    source = (
        f"import io, pickle, torch, numpy as np\ndef check(files):\n    {loading}\n"
    )
    files = tuple(job_file(tmp_path / name) for name in ("w.pkl", "w.npy", "w.pt"))
    result = run(runner, "1", questions=(question("q1", source),), files=files)
    assert scores(result) == {"q1": [0.0]}


def test_the_snapshot_unpickles_what_was_handed_in(
    runner: Runner, tmp_path: Path
) -> None:
    (tmp_path / "w.pkl").write_bytes(pickle.dumps({"a": 1}) + pickle.dumps([2]))
    np.save(tmp_path / "w.npy", np.arange(3))
    np.savez(tmp_path / "w.npz", x=np.arange(2))
    source = (
        "import pickle, numpy as np\n"
        "def check_pickle(files):\n"
        "    with open(files / 'w.pkl', 'rb') as file:\n"
        "        assert [pickle.load(file), pickle.load(file)] == [{'a': 1}, [2]]\n"
        "def check_arrays(files):\n"
        "    found = np.load(files / 'w.npy', allow_pickle=True)\n"
        "    assert found.tolist() == [0, 1, 2]\n"
        "    assert np.load('w.npz', allow_pickle=True)['x'].tolist() == [0, 1]\n"
        "    assert np.load('w.npz')['x'].tolist() == [0, 1]\n"
    )
    names = ("w.pkl", "w.npy", "w.npz")
    files = tuple(job_file(tmp_path / name) for name in names)
    result = run(runner, "1", questions=(question("q1", source),), files=files)
    assert scores(result) == {"q1": [1.0, 1.0]}


def test_the_staff_s_own_arrays_are_unpickled_where_the_tests_are(
    runner: Runner, tmp_path: Path
) -> None:
    rows = np.array([[1, 2], [3]], dtype=object)
    np.save(tmp_path / "rows.npy", rows, allow_pickle=True)
    np.savez(tmp_path / "both.npz", rows=rows)
    (tmp_path / "p.pkl").write_bytes(pickle.dumps({"a": np.arange(2)}))
    source = (
        "import pickle, numpy as np\ndef check(private, files):\n"
        "    assert np.load(private / 'rows.npy', allow_pickle=True)[1] == [3]\n"
        "    with np.load(private / 'both.npz', allow_pickle=True) as both:\n"
        "        assert both['rows'][0] == [1, 2] and both.files == ['rows']\n"
        "    with open(private / 'p.pkl', 'rb') as file:\n"
        "        assert pickle.load(file)['a'].tolist() == [0, 1]\n"
        "    assert np.load(files / 'rows.npy', allow_pickle=True)[1] == [3]\n"
    )
    own = tuple(job_file(tmp_path / name) for name in ("rows.npy", "both.npz", "p.pkl"))
    result = run(
        runner,
        "1",
        questions=(question("q1", source),),
        private_files=own,
        public_files=own[:1],
    )
    assert scores(result) == {"q1": [1.0]}


def test_nothing_handed_in_lies_where_an_interpreter_looks(
    runner: Runner, tmp_path: Path
) -> None:
    """Python, pytest and others take their modules and settings from the folder."""
    names = ("json.py", "sitecustomize.py", "conftest.py", "pytest.ini", "data.csv")
    for name in names:
        (tmp_path / name).write_text("print('owned')")
    source = (
        "import os, subprocess, sys\nfrom pathlib import Path\n"
        "def check():\n"
        "    assert os.listdir() == [] and Path('data.csv').exists()\n"
        "    assert open('data.csv').read() == Path('data.csv').read_text()\n"
        "    code = 'import json, sys; print(sys.path)'\n"
        "    for flags in ([], ['-P'], ['-B']):\n"
        "        command = [sys.executable, *flags, '-c', code]\n"
        "        out = subprocess.run(command, capture_output=True, text=True)\n"
        "        assert out.returncode == 0 and 'owned' not in out.stdout\n"
    )
    files = tuple(job_file(tmp_path / name) for name in names)
    result = run(runner, "1", questions=(question("q1", source),), files=files)
    assert scores(result) == {"q1": [1.0]}


RUNNING = {
    "a program": "subprocess.run([sys.executable, str(files / name)], check=True)",
    "a program by a shell": "subprocess.run(f'python {files}/{name}', shell=True)",
    "a program in the folder": "subprocess.run([sys.executable, name], cwd=files)",
    "a command": "os.system(f'{sys.executable} {files / name}')",
    "another process": "if os.spawnv(os.P_WAIT, sys.executable, ['python', files / name])"
    ": raise PermissionError",
    "a module": "sys.path.insert(0, str(files)); importlib.import_module('work')",
    "a file as a module": "runpy.run_path(str(files / name))",
    "a loaded file": "importlib.util.spec_from_file_location('w', files / name)"
    ".loader.exec_module(types.ModuleType('w'))",
    "compiled text": "exec(compile((files / name).read_text(), files / name, 'exec'))",
    "a library": "ctypes.CDLL(str(files / name))",
}


@pytest.mark.parametrize("running", RUNNING.values(), ids=RUNNING)
def test_nothing_handed_in_runs_beside_the_tests(
    runner: Runner, tmp_path: Path, running: str
) -> None:
    """A program would find the private files, and the grader's own process."""
    (tmp_path / "work.py").write_text("import os; os.kill(os.getppid(), 9)")
    source = (
        "import ctypes, importlib.util, os, runpy, subprocess, sys, types\n"
        f"def check(files):\n    name = 'work.py'\n    {running}\n"
    )
    files = (job_file(tmp_path / "work.py"),)
    result = run(runner, "1", questions=(question("q1", source),), files=files)
    assert result.verdict is Verdict.COMPLETED
    assert [one.message for one in result.questions[0].checks] == [
        "raised PermissionError"
    ]


def test_a_checkpoint_with_numbers_of_numpy_s_is_read_with_weights_only(
    runner: Runner,
) -> None:
    source = (
        "import numpy as np, torch\n"
        "torch.save({'loss': np.float64(0.5), 'all': np.ones(2)}, 'net.pt')\n"
        "answer = float(torch.load('net.pt')['loss']) + 41.5\n"
    )
    result = run(runner, source, questions=(ANSWER,))
    assert [one.message for one in result.questions[0].checks] == ["passed"]
