"""Lecturers write coursework without a notebook on pages, without any YAML."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Assignment, Course
from formats.choices import FileKind
from grading.models import GradingRun, Publication
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    SubmissionFactory,
)
from tests.grading.files_world import hand_in_report, report_assignment
from tests.grading.pages import signed_in, words
from tests.grading.pages.test_assignment_new import NEW

pytestmark = pytest.mark.django_db
FILES = "report.pdf = 20\r\n\r\nfigures.zip = 50 [optional]\r\nnotes.md=1"
QUESTIONS = "Method = 6\r\nMethod = 2,5\r\n数 = 1.25"


@pytest.fixture
def course() -> Course:
    return CourseFactory.create(slug="dl")


@pytest.fixture
def page(course: Course) -> Client:
    return signed_in(EnrolmentFactory.create(course=course, lecturer=True).user)


def create(page: Client, **changes: object) -> Any:
    given = {"hands_in": "files", "file_lines": FILES, "question_lines": QUESTIONS}
    return page.post(
        reverse("grading:assignment-new", args=["dl"]), {**NEW, **given, **changes}
    )


def address(assignment: Assignment) -> str:
    args = [assignment.course.slug, assignment.slug]
    return reverse("grading:assignment-files", args=args)


def test_new_coursework_can_be_handed_in_at_once(page: Client) -> None:
    answer = create(page)
    revision = Assignment.objects.get().revision
    assert revision is not None
    assert revision.is_files_only
    files = revision.required_files.values_list("name", "kind", "is_optional")
    assert list(files) == [
        ("report.pdf", FileKind.PDF, False),
        ("figures.zip", FileKind.ZIP, True),
        ("notes.md", FileKind.TEXT, False),
    ]
    found = list(revision.questions.values_list("key", "title", "points", "kind"))
    assert found == [
        ("method", "Method", Decimal(6), "manual"),
        ("method-2", "Method", Decimal("2.50"), "manual"),
        ("question", "数", Decimal("1.25"), "manual"),
    ]
    assert all(each.rubric for each in revision.questions.all())
    publication = Publication.objects.get()
    assert not publication.is_override
    assert not GradingRun.objects.exists()
    shown = words(page.get(answer.headers["Location"]))
    assert "has been created. Now write its rubrics" in shown
    assert "Rubric of “Method”" in shown


def test_notebook_is_what_is_handed_in_unless_files_are_chosen(page: Client) -> None:
    create(page, hands_in="notebook", file_lines="", question_lines="")
    create(page, slug="other", hands_in="", file_lines="nonsense", question_lines="")
    assert [each.revision for each in Assignment.objects.all()] == [None, None]


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"file_lines": ""}, "file_lines", "required"),
        ({"question_lines": " \r\n "}, "question_lines", "required"),
        ({"file_lines": "report.pdf"}, "file_lines", "such as report.pdf = 20"),
        ({"file_lines": "report.pdf = 0"}, "file_lines", "has no largest size"),
        ({"file_lines": "../x.pdf = 1"}, "file_lines", "not allowed as a file name"),
        ({"file_lines": "a.pdf = 1\r\nA.PDF = 2"}, "file_lines", "here twice"),
        ({"file_lines": "a.pdf = 1 [optional]"}, "file_lines", "must not be optional"),
        ({"file_lines": "work.ipynb = 1"}, "file_lines", "is a notebook"),
        (
            {"file_lines": "\r\n".join(f"{n}.pdf = 1" for n in range(51))},
            "file_lines",
            "50",
        ),
        ({"question_lines": "Method"}, "question_lines", "such as Method = 6"),
        ({"question_lines": "Method = -1"}, "question_lines", "has no points"),
        ({"question_lines": "Method = 1.255"}, "question_lines", "has no points"),
        ({"question_lines": f"{'x' * 201} = 1"}, "question_lines", "longer than 200"),
    ],
)
def test_faults_are_shown_beside_their_fields_and_nothing_is_stored(
    page: Client, change: dict[str, str], field: str, said: str
) -> None:
    answer = create(page, **change)
    assert answer.status_code == 422
    assert said in str(answer.context["work"].errors[field])
    assert not Assignment.objects.exists()


def test_files_and_questions_are_changed_on_their_own_page(page: Client) -> None:
    create(page)
    assignment = Assignment.objects.get()
    before = assignment.revision
    assert before is not None
    rubric = before.questions.get(key="method").rubric
    shown = page.get(address(assignment))
    form = shown.context["form"]
    assert form["file_lines"].value().splitlines()[1] == "figures.zip = 50 [optional]"
    same = {name: form[name].value() for name in ("file_lines", "question_lines")}
    page.post(address(assignment), same)
    assert Assignment.objects.get().revision == before
    page.post(
        address(assignment), {**same, "question_lines": "Method = 6\r\nStyle = 3"}
    )
    after = Assignment.objects.get().revision
    assert after is not None
    assert after.number == before.number + 1
    # A question with the same points keeps the rubric that staff have written.
    assert after.questions.get(key="method").rubric == rubric


def test_page_says_that_work_is_in(page: Client) -> None:
    create(page, visible="now")
    assignment = Assignment.objects.get()
    assert "handed in already" not in words(page.get(address(assignment)))
    SubmissionFactory.create(assignment=assignment, notebook=False)
    assert "It keeps the questions and points" in words(page.get(address(assignment)))


def test_fault_is_shown_and_nothing_is_published(page: Client) -> None:
    create(page)
    assignment = Assignment.objects.get()
    answer = page.post(
        address(assignment), {"file_lines": "x", "question_lines": "Method = 1"}
    )
    assert answer.status_code == 422
    assert "has no largest size" in words(answer)
    assert assignment.revisions.count() == 1


def test_coursework_without_a_revision_can_become_files_only(
    page: Client, course: Course
) -> None:
    assignment = AssignmentFactory.create(course=course, with_revision=False)
    staff = reverse("grading:assignment-staff", args=["dl", assignment.slug])
    assert "ask for files only" in words(page.get(staff))
    page.post(address(assignment), {"file_lines": FILES, "question_lines": QUESTIONS})
    assignment.refresh_from_db()
    assert not assignment.runs_notebooks


def test_revision_from_a_folder_is_changed_in_its_folder(page: Client) -> None:
    """The page would lose what only a folder says, such as hand-outs."""
    course = Course.objects.get()
    for assignment in (
        report_assignment(course=course),
        AssignmentFactory.create(course=course),
    ):
        for answer in (
            page.get(address(assignment), follow=True),
            page.post(address(assignment), {"file_lines": FILES}, follow=True),
        ):
            assert "Change the folder and import it again" in words(answer)
        assert assignment.revisions.count() == 1


def test_assistant_may_not(course: Course) -> None:
    assignment = AssignmentFactory.create(course=course, with_revision=False)
    client = signed_in(EnrolmentFactory.create(course=course, assistant=True).user)
    for answer in (client.get(address(assignment)), client.post(address(assignment))):
        assert answer.status_code == 403


def test_trials_page_says_what_is_asked_and_has_no_trials(page: Client) -> None:
    course = Course.objects.get()
    assignment = report_assignment(course=course)
    hand_in_report(assignment)
    revision = assignment.revision
    assert revision is not None
    args = ["dl", assignment.slug, revision.number]
    text = words(page.get(reverse("grading:trials", args=args)))
    assert "there are no trial runs" in text
    assert "report.pdf PDF document (.pdf) 1 MB" in text
    assert "Run the trials" not in text
    assert "model solution" not in text
    assert "Rubric of “In words”" in text
