"""A plain Gradescope autograder is recognised, and refused with helpful words."""

from pathlib import Path

import pytest

from tests.formats.importing.foreign import code, ok_file, refused, write, zipped

TESTS = """\
import unittest
from gradescope_utils.autograder_utils.decorators import number, visibility, weight


class TestConv(unittest.TestCase):
    def setUp(self):
        pass

    @weight(2)
    @number("1.1")
    def test_shape(self):
        self.assertEqual(1, 1)

    @visibility("hidden")
    @weight(1)
    def test_values(self):
        self.assertEqual(2, 2)

    def test_free(self):
        pass
"""
PYTHON = "from gradescope_utils.autograder_utils.json_test_runner import JSONTestRunner"


def autograder(folder: Path, *left_out: str) -> Path:
    files = {
        "run_autograder": "#!/bin/bash\npython3 run_tests.py\n",
        "setup.sh": "pip install numpy\n",
        "run_tests.py": PYTHON,
        "tests/test_conv.py": TESTS,
    }
    for name in files.keys() - {*left_out}:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(files[name])
    return folder


@pytest.mark.parametrize("beside", ["", "hw.ipynb"])
def test_an_autograder_is_refused_with_its_tests_and_a_remedy(
    tmp_path: Path, beside: str
) -> None:
    folder = autograder(tmp_path / "ag")
    if beside:
        write(folder, beside, code("x = 1"))
    program, tests = refused(zipped(folder, tmp_path / "ag.zip"), tmp_path / "out")
    assert "an autograder for Gradescope" in program.message
    assert "assignment.yaml" in program.hint
    assert tests.file == "ag/tests/test_conv.py"
    words = "test_shape (2 points), test_values (1 point), test_free."
    assert words in tests.message
    assert "“points”" in tests.hint


def test_tests_alone_are_recognised(tmp_path: Path) -> None:
    folder = autograder(tmp_path / "ag", "run_autograder", "setup.sh", "run_tests.py")
    program, tests = refused(folder, tmp_path / "out")
    assert "Gradescope" in program.message
    assert tests.file == "tests/test_conv.py"


def test_an_autograder_program_alone_is_recognised(tmp_path: Path) -> None:
    folder = autograder(tmp_path / "ag", "tests/test_conv.py")
    (program,) = refused(folder, tmp_path / "out")
    assert "Gradescope" in program.message


def test_an_otter_autograder_with_the_same_program_is_read(
    tmp_path: Path,
) -> None:
    folder = autograder(tmp_path / "ag", "tests/test_conv.py")
    (folder / "otter_config.json").write_text("{}")
    (folder / "tests").mkdir()
    (folder / "tests/q1.py").write_text(ok_file("q1", {"code": ">>> 1\n1"}))
    write(folder, "hw.ipynb", code("x = 1"))
    assert refused(folder, tmp_path / "out") == ()
