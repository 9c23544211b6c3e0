"""Tests read handed-in files as data; no file runs in the grader's process."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import JobResult, Verdict
from tests.runner.notebooks import ANSWER, job, job_file, question, scores

pytestmark = pytest.mark.torch


def run(runner: Runner, *cells: str, **changes: object) -> JobResult:
    return runner.run(job(*cells, **changes))


class Running:
    """An object whose unpickling runs a program that ends the process."""

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os._exit, (0,)


UNPICKLING = {
    "bytes": "pickle.loads((files / 'w.pkl').read_bytes())",
    "an unpickler": "pickle.Unpickler(open(files / 'w.pkl', 'rb')).load()",
    "Python's own machine": "pickle._Unpickler(open(files / 'w.pkl', 'rb')).load()",
    "memory": "pickle.load(io.BytesIO((files / 'w.pkl').read_bytes()))",
    "numpy": "np.load(io.BytesIO((files / 'w.npy').read_bytes()), allow_pickle=True)",
    "torch": "torch.load(io.BytesIO((files / 'w.pt').read_bytes()))",
    "torch, of anything": "torch.load(io.BytesIO((files / 'w.pt').read_bytes()), "
    "weights_only=False)",
    "torch, by its module": "torch.serialization.load(files / 'w.pt')",
    "torch, of a file": "torch.load(open(files / '..' / 'files' / 'w.pt', 'rb').raw.buf)",
    "the compiled machine": "__import__('_pickle').loads((files / 'w.pkl').read_bytes())",
}


@pytest.mark.parametrize("loading", UNPICKLING.values(), ids=UNPICKLING)
def test_nothing_handed_in_is_unpickled_by_the_grader(
    runner: Runner, tmp_path: Path, loading: str
) -> None:
    """In every way of reading, an object in the file is refused and nothing runs."""
    import torch  # noqa: PLC0415 - as a student makes the file

    (tmp_path / "w.pkl").write_bytes(pickle.dumps(Running()))
    np.save(tmp_path / "w.npy", np.array([Running()]), allow_pickle=True)
    torch.save({"a": Running()}, tmp_path / "w.pt")
    source = (
        f"import io, pickle, torch, numpy as np\ndef check(files):\n    {loading}\n"
        "def check_that_the_process_lives(answer):\n    assert answer == 1\n"
    )
    files = tuple(job_file(tmp_path / name) for name in ("w.pkl", "w.npy", "w.pt"))
    questions = (question("q1", source),)
    result = run(runner, "answer = 1", questions=questions, files=files)
    assert scores(result) == {"q1": [0.0, 1.0]}
    assert result.questions[0].checks[0].message.startswith("raised ")


def test_handed_in_files_are_read_as_data(runner: Runner, tmp_path: Path) -> None:
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


def test_the_staff_s_own_arrays_are_unpickled_in_the_grader(
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


def test_handed_in_files_are_not_on_an_interpreter_s_search_path(
    runner: Runner, tmp_path: Path
) -> None:
    """Python, pytest and others read modules and settings from the current folder."""
    names = ("json.py", "sitecustomize.py", "conftest.py", "pytest.ini", "data.csv")
    for name in names:
        (tmp_path / name).write_text("print('owned')")
    source = (
        "import posix, subprocess, sys\nfrom pathlib import Path\n"
        "def check():\n"
        "    assert posix.listdir() == [] and Path('data.csv').exists()\n"
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
def test_handed_in_programs_do_not_run_beside_the_tests(
    runner: Runner, tmp_path: Path, running: str
) -> None:
    """Such a program would find the private files and the grader's process."""
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


LEAVING = {
    "a way up": ("'../private/y.txt'", "np.loadtxt(files / name)"),
    "an absolute path": ("'/private/y.txt'", "np.loadtxt(files / name)"),
    "a path": ("pathlib.Path('/private/y.txt')", "np.loadtxt(files / name)"),
    "joined": ("'/private/y.txt'", "np.loadtxt(files.joinpath('.', name))"),
    "in one": ("'/private/y.txt'", "np.loadtxt(Path(files, name))"),
    "as text": ("'../private/y.txt'", "np.loadtxt(f'{files}/{name}')"),
    "os.path": ("'/private/y.txt'", "np.loadtxt(os.path.join(files, name))"),
    "alone": ("'/private/y.txt'", "np.loadtxt(name)"),
    "a folder": ("'../private/*/y.txt'", "np.loadtxt(next(files.glob(name)))"),
    "any name": (
        "'/private/**/y.txt'",
        "np.loadtxt(glob.glob(name, recursive=True)[0])",
    ),
    "an open file": (
        "'/proc/self/fd'",
        (
            "[np.loadtxt(f'{name}/{fd}') for fd in range(3, 20) "
            "if os.readlink(f'{name}/{fd}').endswith('y.txt')][0]"
        ),
    ),
    "a descriptor": (
        "'/proc/self/fd'",
        (
            "[os.read(os.open(f'{name}/{fd}', 0), 9).split() for fd in range(3, 20) "
            "if os.readlink(f'{name}/{fd}').endswith('y.txt')][0] and [3, 1, 4]"
        ),
    ),
    "a library's own": (
        "'../private/y.npy'",
        "np.load(files / name, allow_pickle=True)",
    ),
    "a library in C": (
        "'../private/y.pt'",
        "torch.load(f'{files}/{name}').numpy()",
    ),
    "something else": ("'/etc/passwd'", "[3, 1, 4] if (files / name).exists() else 0"),
}


@pytest.mark.parametrize(("name", "reading"), LEAVING.values(), ids=LEAVING)
def test_a_path_from_the_student_opens_handed_in_files_only(
    runner: Runner, tmp_path: Path, name: str, reading: str
) -> None:
    """Otherwise a test would compare the expected file with itself."""
    import torch  # noqa: PLC0415 - as staff make the file

    (tmp_path / "y.txt").write_text("3 1 4")
    np.save(tmp_path / "y.npy", np.array([3, 1, 4]))
    torch.save(torch.tensor([3, 1, 4]), tmp_path / "y.pt")
    source = (
        "import glob, os, torch, numpy as np\nfrom pathlib import Path\n"
        "def check(name, files, private):\n"
        "    with open(private / 'y.txt'):\n"
        f"        assert list({reading}) == [3, 1, 4]\n"
    )
    own = tuple(job_file(tmp_path / one) for one in ("y.txt", "y.npy", "y.pt"))
    result = run(
        runner,
        f"import pathlib\nname = {name}",
        questions=(question("q1", source),),
        private_files=own,
    )
    assert result.verdict is Verdict.COMPLETED
    assert scores(result) == {"q1": [0.0]}


SWAPPED = {
    "a way up": ("'../../files/y.txt'", "private / name"),
    "an absolute path": ("'/files/y.txt'", "private / name"),
    "another Path": ("'/files/y.txt'", "Path(private) / name"),
    "os.path": ("'/files/y.txt'", "os.path.join(str(private), name)"),
}


@pytest.mark.parametrize(("name", "path"), SWAPPED.values(), ids=SWAPPED)
def test_a_handed_in_file_does_not_replace_a_private_file(
    runner: Runner, tmp_path: Path, name: str, path: str
) -> None:
    (tmp_path / "y.txt").write_text("0 0 0")
    source = (
        "import os, numpy as np\nfrom pathlib import Path\n"
        "def check(name, private):\n"
        f"    assert np.loadtxt({path}).tolist() == [0, 0, 0]\n"
    )
    files = (job_file(tmp_path / "y.txt"),)
    questions = (question("q1", source),)
    result = run(runner, f"name = {name}", questions=questions, files=files)
    assert [one.message for one in result.questions[0].checks] == [
        "raised PermissionError"
    ]


def test_the_private_folder_s_name_is_not_sent(runner: Runner, tmp_path: Path) -> None:
    """A function that knew it could return a path into that folder."""
    (tmp_path / "y.txt").write_text("3 1 4")
    source = (
        "def check_text(echo, private):\n"
        "    assert open(echo(str(private / 'y.txt'))).read()\n"
        "def check_path(echo, private):\n"
        "    assert open(echo(private / 'y.txt')).read()\n"
        "def check_key(echo, private):\n"
        "    assert open(list(echo({f'{private}/y.txt': 1}))[0]).read()\n"
    )
    result = run(
        runner,
        "import os\ndef echo(x): return x if isinstance(x, (str, dict)) else str(x)",
        questions=(question("q1", source),),
        private_files=(job_file(tmp_path / "y.txt"),),
    )
    assert scores(result) == {"q1": [0.0, 0.0, 0.0]}
    assert "read the file, and give" in result.questions[0].checks[0].trace


def test_a_test_reads_private_and_handed_in_files_by_their_paths(
    runner: Runner, tmp_path: Path
) -> None:
    (tmp_path / "y.txt").write_text("3 1 4")
    source = (
        "import glob, os, shutil, tempfile, numpy as np\nfrom pathlib import Path\n"
        "def check(private, files, name, lines_of):\n"
        "    for folder in (private, files):\n"
        "        assert os.listdir(folder) == ['y.txt']\n"
        "        assert [one.name for one in folder.glob('*.txt')] == ['y.txt']\n"
        "        assert np.loadtxt(os.path.join(folder, 'y.txt')).sum() == 8\n"
        "        assert Path(folder, 'y.txt').read_text() == '3 1 4'\n"
        "        copy = shutil.copy(folder / 'y.txt', tempfile.mkdtemp())\n"
        "        assert open(copy).read() == '3 1 4'\n"
        "    assert np.loadtxt(files / name).sum() == 8\n"
        "    assert lines_of(files / name) == lines_of(str(files / name)) == 1\n"
    )
    own = (job_file(tmp_path / "y.txt"),)
    result = run(
        runner,
        "name = 'y.txt'\ndef lines_of(path):\n"
        "    with open(path) as file: return len(file.readlines())",
        questions=(question("q1", source),),
        private_files=own,
        files=own,
    )
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


COPYING = {
    "a value": "assert pickle.loads(pickle.dumps({'a': np.arange(2)}))['a'].sum() == 1",
    "an object": "assert pickle.loads(pickle.dumps(collections.Counter('aa'), 5))['a'] == 2",
    "an answer": "assert pickle.loads(pickle.dumps(answer)) == [1, 2]",
    "bytes that hold data": "assert pickle.loads(data) == [1, 2]",
}
NOT_COPYING = {
    "an object of the notebook's": "pickle.loads(pickle.dumps(thing))",
    "bytes that hold an object": "pickle.dumps(1)\n    pickle.loads(objects)",
    "a part of one's own": "pickle.loads(pickle.dumps([1])[:-1] + objects)",
}


def test_a_test_can_read_its_own_pickles(runner: Runner) -> None:
    notebook = (
        "import pickle\nclass Thing: pass\nthing, answer = Thing(), [1, 2]\n"
        "data, objects = pickle.dumps(answer) + b' ', pickle.dumps(thing)"
    )
    source = "import collections, pickle, numpy as np\n" + "".join(
        f"def check_{number}(answer, thing, data, objects):\n    {line}\n"
        for number, line in enumerate((*COPYING.values(), *NOT_COPYING.values()))
    )
    result = run(runner, notebook, questions=(question("q1", source),))
    assert scores(result) == {"q1": [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]}


def test_a_public_file_s_code_runs_beside_the_tests(
    runner: Runner, tmp_path: Path
) -> None:
    """The course's own file is used, whatever was handed in under its name."""
    (tmp_path / "helpers.py").write_text("def close(a, b): return a == b")
    source = (
        "def check(answer):\n    space = {}\n"
        "    exec(open('helpers.py').read(), space)\n"
        "    assert space['close'](answer, 3)\n"
    )
    public = (job_file(tmp_path / "helpers.py"),)
    (tmp_path / "theirs").write_text("def close(a, b): return True")
    handed_in = (job_file(tmp_path / "theirs", "helpers.py"),)
    for answer, score in ((3, 1.0), (4, 0.0)):
        result = run(
            runner,
            f"answer = {answer}",
            questions=(question("q1", source),),
            public_files=public,
            files=handed_in,
        )
        assert scores(result) == {"q1": [score]}
