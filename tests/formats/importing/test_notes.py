"""Notes on tests say which names stay in the test and which are the notebook's."""

import ast
from pathlib import Path
from typing import Any

import pytest

from formats.importing import notes_on
from formats.importing.notebook_settings import settings_of
from formats.importing.replaced_names import find_replaced, find_shadowed
from tests.formats.assignment.bundles import MANIFEST, TESTS, faults_of, write_bundle
from tests.formats.importing.foreign import (
    checking,
    code,
    converted,
    ok_file,
    refused,
    write,
)

DEFINED = ("double", "half", "Net", "sum", "F")


def replaced(source: str) -> list[str]:
    return [each.message for each in find_replaced(ast.parse(source), DEFINED)]


@pytest.mark.parametrize(
    "source",
    [
        "del double",
        "old = double\ndel double\ndouble = old",
        "try:\n    old = double\n    double = half\nfinally:\n    double = old",
        "def double(x):\n    raise NotImplementedError",
        "def double(x):\n    'words'\n    raise ValueError('no')",
        "def double(*_):\n    pass",
        "double = Mock()",
        "double = mock.MagicMock(side_effect=ValueError)",
        "with mock.patch('__main__.double'):\n    half(2)",
        "with mock.patch('__main__.double', side_effect=ValueError):\n    half(2)",
        "def no(*_):\n    raise RuntimeError\nmock.patch('__main__.double', no)",
        "net = Net()\nsum = 3\nF = [1, 2]",
        "double = half(2)",
        "def helper(x):\n    return 2 * x",
        "def helper(x):\n    double = x\n    return double",
        "def ban():\n    global double\n    del double",
        "def ban():\n    global double\n    old, double = double, Mock()",
        "globals().pop('double')\nglobals()['double'] = half",
        "def count():\n    global seen, F\n    F = [1]",
    ],
)
def test_stand_ins_that_reach_the_notebook_are_not_noted(source: str) -> None:
    assert replaced(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "def double(x):\n    return 2 * x",
        "def double(x):\n    seen.append(x)\n    raise ValueError",
        "def double(x):\n    raise OurError",
        "double = lambda x: 2 * x",
        "class Net(torch.nn.Module):\n    pass",
        "def own(x):\n    return 2 * x\ndouble = own",
        "double = functools.partial(half, 2)",
        "double = np.square",
        "double = abs",
        "double = Mock(return_value=4)",
        "double = Mock()\ndouble.return_value = 4",
        "fake = Mock()\nfake.side_effect = own\ndouble = fake",
        "double = Mock(wraps=half)",
        "if True:\n    double = lambda x: x",
        "with mock.patch('__main__.double', return_value=4):\n    half(2)",
        "with mock.patch('__main__.double', 4):\n    half(2)",
        "@patch('__main__.double', new=lambda x: x)\ndef watched():\n    half(2)",
        "with mock.patch('__main__.unknown'):\n    half(2)",
        "def ban():\n    global double\n    double = None",
        "def ban():\n    global double\n    old, double = double, lambda x: x",
        "def ban():\n    global double\n    def double(x):\n        return x",
        "globals()['double'] = None",
        "globals()['double'] = lambda x: x",
        "import __main__\n__main__.double = lambda x: x",
        "old, double = double, lambda x: x",
    ],
)
def test_a_stand_in_that_stays_in_the_test_is_noted(source: str) -> None:
    assert len(replaced(source)) == 1


def test_a_name_of_pythons_that_the_notebook_defines_is_noted() -> None:
    tree = ast.parse("x = 1\nassert sum([x]) == max(1, F.relu(x)) == np.abs(x)")
    first, second = find_shadowed(tree, DEFINED, {}, "q1")
    assert second.message == (
        "“sum” in the tests of “q1” is the notebook's own “sum”, not Python's."
    )
    assert (first.line, first.message.endswith("not the library's.")) == (2, True)


def test_a_name_that_the_test_binds_itself_is_not_noted() -> None:
    tree = ast.parse("sum = 0\nimport torch.nn.functional as F\nassert sum")
    found = [each.message for each in find_shadowed(tree, {"sum"}, {}, "q1")]
    assert found == []


# --- Where the notes point ---------------------------------------------------------

SOLUTION = code("def double(x):\n    return 2 * x\ndef sum(x):\n    return x")


def messages(notes: tuple[Any, ...]) -> list[tuple[int | None, int | None]]:
    return [(note.cell, note.line) for note in notes]


def test_notes_on_nbgraders_tests_name_cell_and_line(tmp_path: Path) -> None:
    test = checking("t", "# one\nassert sum(1) == 1\ndouble = lambda x: x")
    folder = write(tmp_path, "source/ps/ps.ipynb", SOLUTION, test).parents[2]
    found, bundle = converted(folder, tmp_path / "out")
    assert messages(notes_on(found, bundle)) == [(2, 3), (2, 2)]


def test_nbgraders_tests_that_unpickle_are_refused_by_cell_and_line(
    tmp_path: Path,
) -> None:
    test = checking(
        "t",
        "import pickle\n### BEGIN HIDDEN TESTS\npickle.loads(answer)\n"
        "### END HIDDEN TESTS",
    )
    folder = write(tmp_path, "source/ps/ps.ipynb", SOLUTION, test).parents[2]
    (fault,) = refused(folder, tmp_path / "out")
    assert (fault.cell, fault.line) == (2, 3)
    assert "pickle.load(open(path, 'rb'))" in fault.hint


def test_otters_tests_that_unpickle_are_refused_by_case(tmp_path: Path) -> None:
    path = write(tmp_path / "work", "lab.ipynb", SOLUTION, code('grader.check("q1")'))
    (path.parent / "tests").mkdir()
    case = {"code": ">>> double(1)\n2\n>>> eval(answer)\n1", "hidden": False}
    (path.parent / "tests/q1.py").write_text(ok_file("q1", case))
    (fault,) = refused(path.parent, tmp_path / "out")
    assert fault.message.startswith("“q1”, case 1, line 3 of its code: `eval`")


def test_check_cells_define_no_names_of_the_notebook(tmp_path: Path) -> None:
    test = checking("t", "def helper(x):\n    return x\nassert helper(1) == 1")
    folder = write(tmp_path, "source/ps/ps.ipynb", SOLUTION, test).parents[2]
    found, bundle = converted(folder, tmp_path / "out")
    assert notes_on(found, bundle) == ()


def test_our_own_format_is_noted_by_file_and_line(tmp_path: Path) -> None:
    style = "    points: 3\n    style: script\n"
    tests = (
        '# %% small\n"Small."\nadd = lambda a, b: a + b\n\n'
        '# %% large\n"Large."\nassert add(1, 2) == 3\n'
    )
    manifest = MANIFEST.replace("    points: 3\n", style)
    folder = write_bundle(tmp_path / "work", manifest=manifest, tests=tests)
    found, bundle = converted(folder, tmp_path / "out")
    (note,) = notes_on(found, bundle)
    assert (note.file, note.line) == ("tests/add.py", 3)


def test_our_own_format_is_refused_by_file_and_line(tmp_path: Path) -> None:
    tests = (
        TESTS + "\n\ndef _read(private):\n    import pickle\n    pickle.loads(b'')\n"
    )
    (fault,) = faults_of(write_bundle(tmp_path, tests=tests))
    assert (fault.file, fault.line) == ("tests/add.py", tests.count("\n"))


def test_required_files_are_known_from_the_manifest(tmp_path: Path) -> None:
    manifest = MANIFEST.replace(
        "questions:",
        "  - {name: helpers.py, kind: other, max_mb: 1}\nquestions:",
    )
    tests = f"import helpers\n\n\n{TESTS}"
    assert not faults_of(write_bundle(tmp_path / "a", tests=tests))
    assert faults_of(write_bundle(tmp_path / "b", tests=tests, manifest=manifest))


# --- Settings of the notebook --------------------------------------------------------


def settings(*sources: str) -> dict[str, str]:
    return dict(settings_of([code(source) for source in sources]))


@pytest.mark.parametrize(
    ("source", "full"),
    [
        ("import torch\ntorch.set_default_dtype(torch.float64)", "torch.set_default_dtype"),
        ("from torch import set_default_device as put\nput('cpu')", "torch.set_default_device"),
        ("if True:\n    np.set_printoptions(precision=2)", "numpy.set_printoptions"),
        ("import decimal\ndecimal.getcontext().prec = 50", "decimal.getcontext"),
        ("pd.options.display.width = 5", "pandas.options.display.width"),
    ],
)  # fmt: skip
def test_settings_of_the_notebook_are_found(source: str, full: str) -> None:
    assert list(settings("import numpy as np\nimport pandas as pd", source)) == [full]


@pytest.mark.parametrize(
    "source",
    [
        "with np.errstate(all='ignore'):\n    pass",
        "def f():\n    torch.set_default_dtype(torch.float64)",
        "net.options.width = 5",
        "torch.manual_seed(3)",
        "no python",
    ],
)
def test_what_holds_for_a_while_is_no_setting(source: str) -> None:
    assert settings(source) == {}


@pytest.mark.parametrize(
    ("top", "noted"),
    [
        ("", ["staff.ipynb"]),
        ("import torch\ntorch.set_default_dtype(torch.float64)", []),
    ],
)
def test_a_setting_is_noted_once_unless_a_test_makes_it(
    tmp_path: Path, top: str, noted: list[str]
) -> None:
    test = checking("t", f"{top}\nassert double(1) == 2")
    again = checking("u", "assert double(2) == 4")
    setting = code("import torch\ntorch.set_default_dtype(torch.float64)")
    path = write(tmp_path, "source/ps/ps.ipynb", SOLUTION, setting, test, again)
    notes = notes_on(*converted(path.parents[2], tmp_path / "out"))
    about = [one for one in notes if "set_default_dtype" in one.message]
    assert [one.file for one in about] == noted
