"""A relative path is read from the folder that a test has changed to."""

import textwrap
from pathlib import Path

import numpy as np
import pytest

from runner.host.runner import Runner
from tests.runner.notebooks import job, job_file, question, scores

pytestmark = pytest.mark.torch

# The expected file has the same name as a file that the student hands in.
IN_A_FOLDER = {
    "a folder for a while": "with contextlib.chdir(private):\n    want = np.load('y.npy')",
    "a folder for good": "os.chdir(private)\nwant = np.load('y.npy')",
    "a copy": "d = shutil.copytree(private, tempfile.mkdtemp() + '/own')\nos.chdir(d)\n"
    "want = np.load('y.npy')",
    "a pattern": "os.chdir(private)\nwant = np.load(*glob.glob('*.npy'))",
    "objects": "os.chdir(private)\nwant = np.load('y.npy', allow_pickle=True)",
    "a file that is opened there": "with contextlib.chdir(private):\n"
    "    opened = open('y.npy', 'rb')\nwant = np.load(opened, allow_pickle=True)",
    "an own file": "d = tempfile.mkdtemp()\nwant = np.load(private / 'y.npy')\n"
    "with contextlib.chdir(d):\n    np.save('y.npy', want)\n    want = np.load('y.npy')",
}


@pytest.mark.parametrize("reading", IN_A_FOLDER.values(), ids=IN_A_FOLDER)
@pytest.mark.parametrize("is_right", [True, False], ids=["right", "wrong"])
def test_a_relative_path_is_read_from_the_current_folder(
    runner: Runner, tmp_path: Path, reading: str, *, is_right: bool
) -> None:
    expected, given = tmp_path / "own" / "y.npy", tmp_path / "y.npy"
    expected.parent.mkdir()
    np.save(expected, [3, 1, 4])
    np.save(given, [3, 1, 4] if is_right else [0, 0, 0])
    source = (
        "import contextlib, glob, os, shutil, tempfile, numpy as np\n"
        "def check(files, private):\n"
        f"{textwrap.indent(reading, '    ')}\n"
        "    assert np.load(files / 'y.npy').tolist() == want.tolist()\n"
    )
    spec = job(
        "x = 1",
        questions=(question("q1", source),),
        files=(job_file(given),),
        private_files=(job_file(expected),),
    )
    assert scores(runner.run(spec)) == {"q1": [1.0 if is_right else 0.0]}
