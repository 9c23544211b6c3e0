"""Handed-in files stay data in every folder that a test unpacks or copies them to."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import JobResult, Verdict
from tests.runner.notebooks import job, job_file, messages, question, scores

pytestmark = pytest.mark.torch

SETUP = (
    "import ctypes, importlib, importlib.util, os, runpy, shutil, subprocess, sys\n"
    "import tarfile, tempfile, types, zipfile\nfrom pathlib import Path\n"
)
UNPACK = (
    "folder = tempfile.mkdtemp()\n"
    "    zipfile.ZipFile(files / 'work.zip').extractall(folder)\n"
    "    copy = shutil.copy(files / 'work.py', f'{folder}/other.py')\n"
)


def handed_in(folder: Path) -> tuple[Path, Path, Path]:
    """Return a module, an archive with it, and one with paths outside its folder."""
    (folder / "work.py").write_text("def answer(): return 7\nprint('owned')\n")
    with zipfile.ZipFile(folder / "work.zip", "w") as packed:
        packed.write(folder / "work.py", "shapes.py")
        packed.writestr("labels.csv", "0")
    with tarfile.open(folder / "work.tar", "w") as packed_too:
        for name in ("labels.csv", "../modules/course.py", "../modules/new.py"):
            member = tarfile.TarInfo(name)
            member.size = 1
            packed_too.addfile(member, io.BytesIO(b"0"))
        link = tarfile.TarInfo("labels.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/files/work.py"
        packed_too.addfile(link)
    return folder / "work.py", folder / "work.zip", folder / "work.tar"


def run(runner: Runner, folder: Path, body: str, **changes: object) -> JobResult:
    source = f"{SETUP}def check(files):\n    {body}\n"
    files = tuple(map(job_file, handed_in(folder)))
    return runner.run(
        job("text = '1'", questions=(question("q1", source),), files=files, **changes)
    )


RUNNING = {
    "imported": "sys.path.insert(0, folder); import shapes",
    "imported by its path": (
        "spec = importlib.util.spec_from_file_location('m', copy)\n"
        "    spec.loader.exec_module(importlib.util.module_from_spec(spec))"
    ),
    "imported from the tests' folder": (
        "shutil.copy(copy, 'shapes.py'); sys.path.append(''); import shapes"
    ),
    "imported from the course's folder": (
        "shutil.copy(copy, Path(sys.path[-1]) / 'shapes.py'); import shapes"
    ),
    "run by its path": "runpy.run_path(copy)",
    "run as a program": "subprocess.run([sys.executable, copy], check=True)",
    "run in its folder": "subprocess.run([sys.executable, '-m', 'other'], cwd=folder)",
    "run after a change of folder": (
        "os.chdir(folder); subprocess.run([sys.executable, '-m', 'other'])"
    ),
    "run from the tests' folder": (
        "shutil.copy(copy, 'x.py'); subprocess.run([sys.executable, 'x.py'])"
    ),
    "run by a shell": "shutil.copy(copy, 'x.py'); os.system('python3 x.py')",
    "run with a setting": (
        "subprocess.run([sys.executable, '-m', 'other'], "
        "env={**os.environ, 'PYTHONPATH': folder})"
    ),
    "run without safe paths": (
        "shutil.copy(copy, 'x.py'); subprocess.run([sys.executable, '-m', 'x'], env={})"
    ),
    "run as text": (
        "subprocess.run([sys.executable, '-c', (files / 'work.py').read_text()])"
    ),
    "run as text by a shell": "os.popen((files / 'work.py').read_text()).read()",
    "run from a program's input": (
        "subprocess.run([sys.executable, '-'], input=b'print(1)')"
    ),
    "run from a shell's input": "subprocess.run('sh', stdin=open(copy))",
    "run by itself": "os.chmod(copy, 0o755); subprocess.run([copy])",
    "a library": "ctypes.CDLL(copy)",
}


@pytest.mark.parametrize("running", RUNNING.values(), ids=RUNNING)
def test_no_code_runs_from_a_writable_folder(
    runner: Runner, tmp_path: Path, running: str
) -> None:
    """Even where the test catches the refusal."""
    caught = f"try:\n        {UNPACK.replace('    ', '        ')}        "
    caught += running.replace("\n    ", "\n        ")
    caught += "\n    except Exception:\n        pass"
    result = run(runner, tmp_path, f"{UNPACK}    {running}")
    assert result.verdict is Verdict.COMPLETED
    assert messages(result) == ["raised PermissionError"]
    assert scores(run(runner, tmp_path, caught)) == {"q1": [0.0]}


CHANGING = {
    "a zip": "zipfile.ZipFile(files / 'work.zip').extractall()",
    "a tar": "tarfile.open(files / 'work.tar').extractall(filter='fully_trusted')",
    "a link": "os.remove('labels.csv'); os.symlink(files / 'work.py', 'labels.csv')",
    "a link in its place": "os.symlink(files / 'work.py', 'y'); os.replace('y', 'labels.csv')",
    "a copy": "shutil.copy(files / 'work.py', 'labels.csv')",
    "a moved one": "open('y', 'w').close(); os.rename('y', 'labels.csv')",
    "another name": "os.link('labels.csv', 'y'); os.chmod('y', 0o666); open('y', 'w').close()",
    "its rights": "os.chmod('labels.csv', 0o666)",
    "its length": "os.truncate('labels.csv', 0)",
    "its folder": "os.rename('data', 'other')",
    "a tree": "shutil.rmtree('data')",
    "a library in C": "__import__('torch').save({}, 'labels.csv')",
}


@pytest.mark.parametrize("changing", CHANGING.values(), ids=CHANGING)
def test_the_course_s_own_files_are_not_written_to(
    runner: Runner, tmp_path: Path, changing: str
) -> None:
    (tmp_path / "labels.csv").write_text("1")
    (tmp_path / "course.py").write_text("right = 1")
    public = (
        job_file(tmp_path / "labels.csv"),
        job_file(tmp_path / "labels.csv", "data/labels.csv"),
        job_file(tmp_path / "course.py"),
    )
    body = (
        f"try:\n        {changing}\n    except Exception as error:\n        failed = error\n"
        "    import course\n"
        "    assert open('labels.csv').read() == open('data/labels.csv').read() == '1'\n"
        "    assert not os.path.islink('labels.csv') and course.right == 1\n"
        "    raise failed"
    )
    result = run(runner, tmp_path, body, public_files=public)
    assert messages(result)[0] in {"raised PermissionError", "raised RuntimeError"}


OWN = {
    "programs": (
        "found = subprocess.run([sys.executable, '-c', 'print(6 * 7)', str(3)], "
        "capture_output=True, text=True, check=True)\n"
        "    assert found.stdout == '42\\n'\n"
        "    assert os.popen('echo 1').read() == '1\\n' and os.system('true') == 0"
    ),
    "unpacked data": f"{UNPACK}    assert Path(folder, 'labels.csv').read_text() == '0'",
    "files of its own": (
        "Path('out.txt').write_text('1'); os.mkdir('new'); shutil.move('out.txt', 'new')\n"
        "    shutil.rmtree('new'); assert open('labels.csv').read() == '1'"
    ),
    "a tar of a folder": (
        "Path('own').mkdir(); t = tarfile.open('own.tar', 'w'); t.add('own', '.'); t.close()\n"
        "    tarfile.open('own.tar').extractall()"
    ),
    "modules": "import course, data.more; assert course.right == data.more.right == 1",
    "a module by its path": (
        "assert runpy.run_path(Path(sys.path[-1]) / 'course.py')['right'] == 1"
    ),
    "its own code": "space = {}; exec(open('course.py').read(), space); assert space['right']",
    "libraries": "assert ctypes.CDLL(None).getpid() == os.getpid(); import sqlite3, lzma",
}


@pytest.mark.parametrize("body", OWN.values(), ids=OWN)
def test_a_test_can_unpack_and_copy_its_own_files(
    runner: Runner, tmp_path: Path, body: str
) -> None:
    (tmp_path / "labels.csv").write_text("1")
    (tmp_path / "course.py").write_text("right = 1")
    public = (
        job_file(tmp_path / "labels.csv"),
        job_file(tmp_path / "course.py"),
        job_file(tmp_path / "course.py", "data/more.py"),
    )
    result = run(runner, tmp_path, body, public_files=public)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]
    assert scores(result) == {"q1": [1.0]}
