"""A package that the environment lacks is named at the import, with a remedy."""

import json
from pathlib import Path
from typing import Any

import pytest

from formats.importing import ImportOptions, notes_on, prepare_folder
from formats.importing.imported_packages import imports_in_code
from formats.problems import Problem
from tests.formats.assignment.bundles import (
    HANDOUT_CELLS,
    STAFF_CELLS,
    notebook_of,
    write_bundle,
)
from tests.formats.importing.foreign import checking, code, converted, ok_file, write

HAS = {"default": {"numpy", "torch", "json"}, "big": {"numpy", "torch", "jax"}}
CASES = """\
import jax
OK_FORMAT = False
name = "q1"

@test_case(points=1)
def test_one(x):
    import jaxlib
"""


def missing(source: Path, scratch: Path, **options: Any) -> list[Problem]:
    found, bundle = converted(source, scratch, **options)
    known = set(notes_on(found, bundle))
    return [note for note in notes_on(found, bundle, HAS) if note not in known]


def places(notes: list[Problem]) -> list[tuple[str, str, int | None, int | None]]:
    return [
        (note.message.split("“")[1].split("”")[0], note.file, note.cell, note.line)
        for note in notes
    ]


def test_imports_of_nbgrader_are_named_where_they_stand(tmp_path: Path) -> None:
    hidden = "assert x\n### BEGIN HIDDEN TESTS\nimport jaxlib\n### END HIDDEN TESTS"
    cells = code("import numpy, jax\nfrom torch import nn"), checking("t", hidden)
    write(tmp_path / "in", "source/ps/ps.ipynb", *cells)
    (tmp_path / "in/source/ps/near.py").write_text("\nimport far\n")
    write(tmp_path / "in", "source/ps/ps.ipynb", *cells, code("import near"))
    file = "source/ps/ps.ipynb"
    assert places(missing(tmp_path / "in", tmp_path / "out")) == [
        ("jax", file, 1, 1),
        ("jaxlib", file, 2, 3),
        ("far", "near.py", None, 2),
    ]


def test_imports_of_otter_are_named_where_they_stand(tmp_path: Path) -> None:
    cells = code("import otter\nimport numpy"), code('grader.check("q1")')
    skipped = code("import skipped", tags=["otter_ignore"])
    write(tmp_path / "in", "hw.ipynb", *cells, skipped)
    (tmp_path / "in/tests").mkdir()
    (tmp_path / "in/tests/q1.py").write_text(CASES)
    case = {"code": ">>> 1\n1"}, {"code": ">>> x = 1\n>>> import jaxtyping"}
    (tmp_path / "in/tests/q2.py").write_text(ok_file("q2", *case))
    assert places(missing(tmp_path / "in", tmp_path / "out")) == [
        ("jax", "tests/q1.py", None, 1),
        ("jaxlib", "tests/q1.py", None, 7),
        ("jaxtyping", "tests/q2.py, case 2", None, 2),
    ]


def test_imports_of_our_own_format_are_named_where_they_stand(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "in")
    staff, handout = (
        ("import jax\nimport near", *cells) for cells in (STAFF_CELLS, HANDOUT_CELLS)
    )
    (folder / "staff.ipynb").write_text(json.dumps(notebook_of(*staff)))
    (folder / "handout.ipynb").write_text(json.dumps(notebook_of(*handout)))
    (folder / "public").mkdir(exist_ok=True)
    (folder / "public/near.py").write_text("import far")
    tests = (folder / "tests/add.py").read_text()
    (folder / "tests/add.py").write_text(f"import jaxlib\n{tests}")
    assert places(missing(folder, tmp_path / "out")) == [
        ("jax", "staff.ipynb", 1, 1),
        ("far", "public/near.py", None, 1),
        ("jaxlib", "tests/add.py", None, 1),
    ]


def nbgrader(folder: Path, cell: str) -> Path:
    write(folder, "ps.ipynb", code(cell), checking("t", "assert x"))
    return folder / "ps.ipynb"


@pytest.mark.parametrize(
    "cell",
    [
        "try:\n    import jax\nexcept ImportError:\n    jax = None",
        "try:\n    import jax\nexcept (OSError, ModuleNotFoundError):\n    pass",
        "try:\n    import jax\nexcept:\n    pass",
        "from . import jax",
        "%pip install jax",
        "# import jax",
        "'import jax'",
    ],
)
def test_code_that_handles_a_missing_package_needs_none(
    tmp_path: Path, cell: str
) -> None:
    assert missing(nbgrader(tmp_path, cell), tmp_path / "out") == []


@pytest.mark.parametrize(
    "cell",
    [
        "try:\n    import jax\nexcept ValueError:\n    pass",
        "def f():\n    import jax.numpy as jnp",
        "from jax.numpy import dot",
        "__import__('jax')",
        "importlib.import_module('jax.numpy')",
        "%matplotlib inline\nimport jax",
    ],
)
def test_each_way_of_importing_is_found(tmp_path: Path, cell: str) -> None:
    (note,) = missing(nbgrader(tmp_path, cell), tmp_path / "out")
    assert note.message.startswith("“jax” is imported here")


def test_a_package_is_noted_once(tmp_path: Path) -> None:
    cell = "import jax.numpy\nimport jax.random"
    assert len(missing(nbgrader(tmp_path, cell), tmp_path / "out")) == 1


def test_a_module_that_the_notebook_writes_is_its_own(tmp_path: Path) -> None:
    cells = code("%%writefile near.py\nx = 1"), code("import near")
    write(tmp_path, "ps.ipynb", *cells, checking("t", "assert near.x"))
    assert missing(tmp_path / "ps.ipynb", tmp_path / "out") == []


def test_the_remedy_is_another_environment_or_a_new_one(tmp_path: Path) -> None:
    source = nbgrader(tmp_path, "import jax, jaxlib")
    jax, jaxlib = missing(source, tmp_path / "out")
    assert jax.hint == "The environment “big” has it: use that one."
    assert "make_environment.py" in jaxlib.hint


def test_the_environment_that_is_asked_for_counts(tmp_path: Path) -> None:
    source = nbgrader(tmp_path, "import jax")
    assert missing(source, tmp_path / "out", environment="big") == []


def test_an_environment_that_nobody_has_is_named(tmp_path: Path) -> None:
    source = nbgrader(tmp_path, "import jax")
    (note,) = missing(source, tmp_path / "out", environment="none")
    assert ("“none”" in note.message, note.hint) == (
        True,
        "Workers have: big, default.",
    )


def test_an_environment_with_unknown_packages_gives_no_notes(tmp_path: Path) -> None:
    source = nbgrader(tmp_path, "import jax")
    found = prepare_folder(source, scratch=tmp_path / "out", options=ImportOptions())
    notes = notes_on(found, converted(source, tmp_path / "again")[1], {})
    assert not [note for note in notes if "jax" in note.message]


def test_code_that_is_not_python_imports_nothing() -> None:
    assert list(imports_in_code("import (", "a.py")) == []
