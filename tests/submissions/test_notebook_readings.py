"""What is kept of assignments and notebooks is found by content, and changes nothing."""

from pathlib import Path
from unittest import mock

import pytest
from django.core.files.storage import storages

from courses.models import Assignment, AssignmentRevision
from formats.choices import Part
from formats.findings import FileName
from storage.blob_names import blob_name
from submissions import notebook_readings
from submissions.notebook_readings import code_reading, context_of
from tests.factories import AssignmentFactory, RevisionFileFactory, small_notebook

pytestmark = pytest.mark.django_db
NAME = FileName("work.ipynb", "mine.ipynb")


@pytest.fixture
def revision() -> AssignmentRevision:
    assignment: Assignment = AssignmentFactory.create()
    assert assignment.revision is not None
    RevisionFileFactory.create(
        revision=assignment.revision,
        part=Part.HANDOUT,
        name="work.ipynb",
        text=small_notebook("open('given.csv')"),
    )
    return assignment.revision


def test_the_same_revision_is_read_once(revision: AssignmentRevision) -> None:
    first = context_of(revision)
    with mock.patch.object(notebook_readings, "handout_notebook") as read:
        assert context_of(revision).context is first.context
    assert not read.called
    assert [cell["source"] for cell in first.context.handout] == ["open('given.csv')"]
    assert "outputs" not in first.context.handout[0]


def test_other_parameters_are_another_context(revision: AssignmentRevision) -> None:
    first = context_of(revision)
    revision.parameters = {"epochs": 1}
    other = context_of(revision)
    assert other.context.parameters == {"epochs": 1}
    assert other.fingerprint != first.fingerprint


def test_the_same_notebook_of_the_same_revision_is_read_once(
    revision: AssignmentRevision,
) -> None:
    known = context_of(revision)
    data = small_notebook("open('mine.csv')").encode()
    first = code_reading(data, name=NAME, known=known)
    assert code_reading(data, name=NAME, known=known) is first
    assert code_reading(data + b" ", name=NAME, known=known) is not first
    other = FileName("work.ipynb", "other.ipynb")
    assert code_reading(data, name=other, known=known) is not first


def test_a_lost_hand_out_is_looked_for_again(revision: AssignmentRevision) -> None:
    text = small_notebook("open('lost.csv')")
    revision.files.filter(part=Part.HANDOUT).delete()
    part = RevisionFileFactory.create(
        revision=revision, part=Part.HANDOUT, name="work.ipynb", text=text
    )
    path = Path(storages["blobs"].path(blob_name(part.sha256)))
    away = path.rename(path.with_suffix(".away"))
    try:
        lost = context_of(revision)
    finally:
        away.rename(path)
    assert lost.context.handout == ()
    first, second = (code_reading(b"{}", name=NAME, known=lost) for _ in range(2))
    assert first is not second
    assert len(context_of(revision).context.handout) == 1
