"""A readable notebook must be in Python and of a limited size."""

import pytest

from formats.notebook.normalise import MAX_CELLS, MAX_OUTPUTS
from tests.submissions.builders import (
    check,
    code_cell,
    codes,
    notebook_bytes,
    warning_codes,
)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"kernelspec": {"name": "python3", "language": "python"}},
        {"kernelspec": {"name": "conda-env-pDL-py"}},
        {"kernelspec": {"name": "otter", "language": "python"}},
        {"kernelspec": {"name": "r"}, "language_info": {"name": "python"}},
        {"language_info": {"name": "Python 3"}},
        {"language_info": {"name": "ipython"}},
        {"language_info": {"name": "plaintext"}},
        {"kernelspec": "python3", "language_info": []},
        {"kernelspec": {"name": ["r"]}},
    ],
)
def test_python_is_accepted_whatever_its_kernel_is_called(metadata: object) -> None:
    assert check(notebook_bytes(metadata=metadata)).problems == ()


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir", "language": "R"}},
        {"language_info": {"name": "julia"}},
        {"kernelspec": {"name": "r"}},
        {"kernelspec": {"name": "julia-1.9"}},
    ],
)
def test_other_languages_are_refused_in_words(metadata: object) -> None:
    found = check(notebook_bytes(metadata=metadata))
    assert codes(found) == ["notebook_language"]
    assert "runs Python" in found.problems[0].message


def test_too_many_cells_are_refused() -> None:
    found = check(notebook_bytes(*[code_cell()] * (MAX_CELLS + 1)))
    assert codes(found) == ["notebook_cells"]
    assert "2,001 cells" in found.problems[0].message


def test_the_maximum_number_of_cells_is_accepted() -> None:
    assert check(notebook_bytes(*[code_cell()] * MAX_CELLS)).problems == ()


def test_too_many_outputs_are_refused() -> None:
    cell = code_cell(outputs=[{}] * (MAX_OUTPUTS + 1))
    assert codes(check(notebook_bytes(cell))) == ["notebook_outputs"]


@pytest.mark.parametrize("source", [None, " \n"])
def test_notebook_without_code_is_a_warning_only(source: str | None) -> None:
    cells = [{"cell_type": "markdown", "source": "words"}]
    found = check(notebook_bytes(*cells, *([code_cell(source)] if source else [])))
    assert codes(found) == []
    assert warning_codes(found) == ["notebook_no_code"]


def test_conflict_marks_in_a_cell_are_a_warning() -> None:
    cell = code_cell("<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> main")
    assert warning_codes(check(notebook_bytes(code_cell(), cell))) == ["cell_conflict"]


def test_the_number_of_warnings_of_one_kind_is_limited() -> None:
    found = check(notebook_bytes(*[code_cell("\0")] * 100))
    assert len(found.warnings) == 5
