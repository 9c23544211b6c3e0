"""The frame that shows how a marked notebook differs from the hand-out."""

import pytest

from tests.factories import RevisionFileFactory, SubmittedFileFactory
from tests.grading.marking import (
    address,
    answered,
    marked_assignment,
    marker_of,
    notebook,
)
from tests.grading.pages import downloaded, signed_in, words

pytestmark = pytest.mark.django_db


def test_changed_cells_show_both_texts_and_others_are_folded() -> None:
    assignment = marked_assignment()
    run = answered(assignment, "<b>Mine</b>")
    client = signed_in(marker_of(assignment))
    here = address(run, name="marking-changes")
    assert "No hand-out could be read" in words(client.get(here))
    RevisionFileFactory.create(
        revision=assignment.revision,
        part="handout",
        name="work.ipynb",
        text=notebook({"words": "*Your answer*"}),
    )
    answer = client.get(here)
    html = answer.content.decode()
    assert "<del>- *Your answer*</del>" in html
    assert "<ins>+ &lt;b&gt;Mine&lt;/b&gt;</ins>" in html
    assert "Unchanged code cell" in words(answer)
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_work_without_a_notebook_is_said_so() -> None:
    assignment = marked_assignment()
    run = answered(assignment, executed_sha256="")
    run.work.files.all().delete()
    answer = signed_in(marker_of(assignment)).get(address(run, name="marking-changes"))
    assert "There is no notebook." in words(answer)


def test_other_files_are_sent_by_required_name_unless_marking_is_anonymous() -> None:
    assignment = marked_assignment()
    run = answered(assignment)
    SubmittedFileFactory.create(
        submission=run.work,
        name="report.pdf",
        original_name="quillfeather.pdf",
        kind="other",
        text="the report",
    )
    client = signed_in(marker_of(assignment))
    file = f"{address(run)}files/report.pdf/"
    assert client.get(f"{address(run)}files/work.ipynb/").status_code == 404
    assignment.marking_is_anonymous = True
    assignment.save()
    assert client.get(file).status_code == 404
    assert "Not to be downloaded" in words(client.get(address(run)))
    assignment.marking_is_anonymous = False
    assignment.save()
    assert f'href="{file}"' in client.get(address(run)).content.decode()
    answer = client.get(file)
    assert "quillfeather" not in answer.headers["Content-Disposition"]
    assert downloaded(answer) == b"the report"
