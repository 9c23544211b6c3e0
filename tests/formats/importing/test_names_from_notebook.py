"""Staff are told of names that tests take from the notebook and no solution binds."""

import ast
from pathlib import Path

import pytest

from formats.importing import notes_on
from formats.importing.names_from_notebook import taken_names
from runner.protocol.jobs import TestStyle
from tests.formats.importing.foreign import (
    checking,
    code,
    converted,
    marks,
    ok_file,
    write,
)

SOLUTION = "### BEGIN SOLUTION\n{}\n### END SOLUTION"
CUBE = "def cube(x):\n    return x ** 3"
TEST = "assert close(cube(2), 8)"


def solved(source: str = CUBE) -> dict[str, object]:
    return code(SOLUTION.format(source), **marks("answer", solution=True))


def noted(tmp_path: Path, *cells: dict[str, object]) -> list[str]:
    write(tmp_path, "source/ps/ps.ipynb", *cells)
    prepared, bundle = converted(tmp_path / "source", tmp_path / "new")
    words = [note.message for note in notes_on(prepared, bundle)]
    return [each for each in words if "comes from the notebook" in each]


@pytest.mark.parametrize(
    "given",
    [
        "from helpers import *",
        "from math import *",
        "%run helpers.py",
        "%pylab inline",
        "exec(open('helpers.py').read())",
        "globals().update(close=lambda a, b: a == b)",
        "for close in (lambda a, b: a == b,):\n    print(close)",
        "import os\nif os.environ.get('CI'):\n    close = lambda a, b: a == b",
        "try:\n    from helpers import close\nexcept ImportError:\n    close = None",
    ],
)
def test_a_helper_is_named_however_it_is_bound(tmp_path: Path, given: str) -> None:
    found = noted(tmp_path, code(given), solved(), checking("q1", TEST))
    assert [each for each in found if "“close”" in each]
    assert not [each for each in found if "“cube”" in each]


@pytest.mark.parametrize(
    ("solution", "test"),
    [
        ("config['rate'] = 0.125", "assert config['rate'] == 0.125"),
        ("net.append(4)", "assert len(net) == 1"),
        ("box.size = 3", "assert box.size == 3"),
    ],
)
def test_an_object_that_a_solution_changes_in_part_is_students_work(
    tmp_path: Path, solution: str, test: str
) -> None:
    name = solution[:3]
    above = code("config, net, box = {}, [], None")
    assert not [
        each
        for each in noted(tmp_path, above, solved(solution), checking("q1", test))
        if f"“{name}" in each
    ]


def test_names_of_ottens_environment_are_named(tmp_path: Path) -> None:
    write(
        tmp_path,
        "hw/hw.ipynb",
        code("close = lambda a, b: a == b"),
        code(CUBE, tags=["otter_answer_cell"]),
        code("grader.check('q1')"),
    )
    (tmp_path / "hw/tests").mkdir()
    (tmp_path / "hw/tests/q1.py").write_text(
        "from otter.test_files import test_case\nOK_FORMAT = False\nname = 'q1'\n"
        "points = 1\n\n@test_case(points=1)\ndef test_cube(env):\n"
        "    assert env['close'](env['cube'](2), 8) < env.get('TOL', 1)\n"
    )
    prepared, bundle = converted(tmp_path / "hw", tmp_path / "new")
    words = " ".join(note.message for note in notes_on(prepared, bundle))
    assert "“close”" in words
    assert "“TOL”" in words


@pytest.mark.parametrize(
    ("test", "count"),
    [
        ("assert globals()[name](cube(2), 8)", 1),
        ("n = 2\nassert eval(f'close(8, {n})') or cube(2)", 1),
        ("assert eval('close(cube(2), 8)')", 0),
        ("assert cube(2) == globals()['cube'](2)", 0),
    ],
)
def test_a_look_up_of_an_unknown_name_is_noted(
    tmp_path: Path, test: str, count: int
) -> None:
    write(tmp_path, "source/ps/ps.ipynb", solved(), checking("q1", test))
    prepared, bundle = converted(tmp_path / "source", tmp_path / "new")
    words = [note.message for note in notes_on(prepared, bundle)]
    assert len([each for each in words if "it is unknown which" in each]) == count


@pytest.mark.parametrize(
    ("test", "is_listing"),
    [
        ("assert not {'close'} & set(globals())", True),
        ("for name, value in list(globals().items()):\n    assert value", True),
        ("assert not [n for n in globals().copy() if n == 'close']", True),
        ("import __main__\nassert 'close' not in dir(__main__)", True),
        ("import sys\nassert sorted(sys.modules['__main__'].__dict__)", True),
        ("assert {**globals()} and 'close' not in dir()", True),
        ("assert 'close' not in globals()", False),
        ("import __main__\nassert not hasattr(__main__, 'close')", False),
        ("def f():\n    return set(locals())\nassert not f()", False),
    ],
)
def test_listing_the_names_is_noted_as_failing(
    tmp_path: Path, test: str, *, is_listing: bool
) -> None:
    tested = checking("q1", f"{test}\nassert cube(2) == 8")
    write(tmp_path, "source/ps/ps.ipynb", solved(), tested)
    prepared, bundle = converted(tmp_path / "source", tmp_path / "new")
    words = [note.message for note in notes_on(prepared, bundle)]
    assert any("list the names of the notebook" in one for one in words) is is_listing
    assert not any("it is unknown which of" in one for one in words)


def test_functions_that_read_main_read_the_notebook() -> None:
    source = "import __main__\ndef f(x):\n    assert {} and __main__.TOL == x"
    for listing in ("vars(__main__)['x']", "set(vars(__main__))"):
        tree = ast.parse(source.format(listing))
        taken = taken_names(tree, TestStyle.FUNCTIONS)
        assert "TOL" in taken.names
        assert taken.lists is listing.startswith("set")


def test_a_word_of_a_text_is_a_name_where_the_notebook_has_one(tmp_path: Path) -> None:
    given = code("from helpers import *\nclose = cube_of = open('a').read()")
    test = "assert eval('close(cube(2), other)')"
    found = noted(tmp_path, given, solved(), checking("q1", test))
    assert len(found) == 1
    assert found[0].startswith("“close”")


def test_a_name_that_staff_and_a_solution_bind_is_noted(tmp_path: Path) -> None:
    first = checking("q1", "xs = [1, 2]\nassert [cube(x) for x in xs]")
    more = code(
        SOLUTION.format("xs = [3]\ny = cube(3)"), **marks("more", solution=True)
    )
    write(
        tmp_path,
        "source/ps/ps.ipynb",
        *(solved(), first, more, checking("q2", "for x in xs:\n    assert y > x")),
    )
    prepared, bundle = converted(tmp_path / "source", tmp_path / "new")
    (note,) = notes_on(prepared, bundle)
    assert note.message.startswith("“xs” in the tests of “q2” comes from the student's")


@pytest.mark.parametrize(
    ("loop", "count"),
    [("cube.parts()", 1), ("(1, 2)", 0)],
)
def test_a_name_that_a_loop_may_not_bind_is_noted(
    tmp_path: Path, loop: str, count: int
) -> None:
    test = checking("q1", f"for k in {loop}:\n    ok = k\nassert ok")
    write(tmp_path, "source/ps/ps.ipynb", solved(), test)
    prepared, bundle = converted(tmp_path / "source", tmp_path / "new")
    words = [note.message for note in notes_on(prepared, bundle)]
    assert len(words) == count
    assert all("“ok” in the tests of “q1” may be the student's" in w for w in words)


def test_without_a_solution_all_names_are_noted_together(tmp_path: Path) -> None:
    write(tmp_path, "hw/hw.ipynb", code(CUBE), code("grader.check('q1')"))
    (tmp_path / "hw/tests").mkdir()
    case = {"code": ">>> close(cube(2), 8)\nTrue", "hidden": False}
    (tmp_path / "hw/tests/q1.py").write_text(ok_file("q1", case))
    prepared, bundle = converted(tmp_path / "hw", tmp_path / "new")
    found = [
        n.message for n in notes_on(prepared, bundle) if "no solution" in n.message
    ]
    assert len(found) == 1
    assert "“close”, “cube”" in found[0]


def test_a_parameter_with_a_default_is_not_a_name_of_the_notebook(
    tmp_path: Path,
) -> None:
    write(
        tmp_path,
        "hw/hw.ipynb",
        code(CUBE),
        code("grader.check('q1')"),
    )
    (tmp_path / "hw/tests").mkdir()
    (tmp_path / "hw/tests/q1.py").write_text(
        "from otter.test_files import test_case\nOK_FORMAT = False\nname = 'q1'\n"
        "points = 1\nall_or_nothing = True\n\n@test_case()\n"
        "def test_cube(cube, tol=1e-6):\n    assert abs(cube(2) - 8) < tol\n"
    )
    _, bundle = converted(tmp_path / "hw", tmp_path / "new")
    tests = next(f for f in bundle.files if f.name == "q1.py").path.read_text()
    assert "def all_together(cube):" in tests
