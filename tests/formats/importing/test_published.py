"""Assignments that nbgrader itself ships are imported unchanged.

They are not ours to keep in the repository. pip fetches the package once and checks it
against the hash below; the files stay in `build/`. SOFTMARK_FOREIGN may name a folder
with clones of other public repositories.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from formats.choices import QuestionKind
from tests.formats.importing.foreign import converted, refused, sources
from tests.runner.peer import ROOT

PIN: Final = (
    "nbgrader==0.9.5 --hash=sha256:"
    "9a16f2858e74c06a5f20ee904d35987db9d6d4bdc339e3113121262fc4f2065c"
)
UNREACHED: Final = ("No matching distribution found", "Connection", "timed out")
DOWNLOAD: Final = (
    *(sys.executable, "-m", "pip", "download", "--quiet", "--retries", "1"),
    *("--timeout", "15", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
)
OTTER: Final = "otter-grader/test/test_assign/files"


@pytest.fixture(scope="module")
def ps1() -> Path:
    """Give nbgrader's own example: a folder with source/ps1."""
    target = ROOT / "build" / "nbgrader-0.9.5"
    if not target.exists():
        _fetch(target)
    return target


def _fetch(target: Path) -> None:
    scratch = target.with_name(f"{target.name}-{os.getpid()}")
    scratch.mkdir(parents=True)
    (scratch / "wanted.txt").write_text(PIN)
    done = subprocess.run(
        [*DOWNLOAD, "-r", "wanted.txt", "-d", "."],
        cwd=scratch,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and any(words in done.stderr for words in UNREACHED):
        pytest.skip("nbgrader cannot be fetched: the package index is not reached")
    assert done.returncode == 0, done.stderr
    (wheel,) = scratch.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if "/user_guide/source/ps1/" in name and not name.endswith("/"):
                path = scratch / "source" / "ps1" / Path(name).name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(name))
    wheel.unlink()
    try:
        scratch.rename(target)
    except OSError:
        # Another worker unpacked it first.
        shutil.rmtree(scratch)


def test_problem_1_has_its_questions_and_gives_no_answer_away(
    ps1: Path, tmp_path: Path
) -> None:
    found, bundle = converted(ps1, tmp_path / "out", notebook=Path("problem1.ipynb"))
    assert [(q.key, q.points, q.kind.value) for q in bundle.questions] == [
        ("correct_squares", Decimal(1), "auto"),
        ("squares_invalid_input", Decimal(1), "auto"),
        ("correct_sum_of_squares", Decimal("0.5"), "auto"),
        ("sum_of_squares_uses_squares", Decimal("0.5"), "auto"),
        ("sum_of_squares_equation", Decimal(1), "manual"),
        ("sum_of_squares_application", Decimal(2), "manual"),
        ("cell-938593c4a215c6cc", Decimal(4), "manual"),
    ]
    handout = "\n".join(sources(found.folder, "handout.ipynb"))
    for secret in ("i ** 2", "sum(squares(n))", "sum_{i=1}^n", "pyramidal"):
        assert secret not in handout


def test_problem_2_is_marked_by_hand(ps1: Path, tmp_path: Path) -> None:
    _, bundle = converted(ps1, tmp_path / "out", notebook=Path("problem2.ipynb"))
    assert {q.kind for q in bundle.questions} == {QuestionKind.MANUAL}
    assert bundle.points == 3


def test_a_folder_of_two_notebooks_asks_which(ps1: Path, tmp_path: Path) -> None:
    (fault,) = refused(ps1, tmp_path / "out")
    assert "There are 2 notebooks" in fault.message


@pytest.fixture
def clones() -> Path:
    folder = os.environ.get("SOFTMARK_FOREIGN", "")
    if not folder:
        pytest.skip("SOFTMARK_FOREIGN names no folder with clones of repositories")
    return Path(folder)


@pytest.mark.parametrize(
    ("name", "points"), [("example-correct", 41), ("exception-correct", 6)]
)
def test_the_output_of_otter_assign_is_imported(
    clones: Path, tmp_path: Path, name: str, points: int
) -> None:
    _, bundle = converted(clones / OTTER / name, tmp_path / "out")
    assert bundle.points == points


def test_the_coursework_that_we_model_is_imported(clones: Path, tmp_path: Path) -> None:
    source = clones / "Deep-Learning-Vision" / "dl_cw_1.ipynb"
    _, bundle = converted(source, tmp_path / "out", points={"Linear-Layer": Decimal(5)})
    keys = ["Convolution-Layer", "MaxPool-Layer", "Linear-Layer", "BatchNorm-Layer"]
    assert [question.key for question in bundle.questions] == keys
    assert bundle.skip_tags == ("otter_ignore",)
    assert dict(bundle.imports) == {"nn": "torch.nn", "torch": "torch"}
