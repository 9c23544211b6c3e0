"""Pages and the API read well for work of which nothing is run, and hide as elsewhere."""

import json
from decimal import Decimal
from typing import Final

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import Assignment
from formats.choices import FileKind
from grading.models import GradingRun
from grading.services.marking import GivenMarking, MarkingTarget, save_marking
from grading.services.releasing import release_marks
from submissions.models import SubmittedFile
from tests.api.asking import ROOT, get, hand_in, rows, session_of
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    RevisionFileFactory,
    hours,
    store_text,
)
from tests.grading.files_world import (
    PDF,
    hand_in_report,
    report_assignment,
    student_of,
)
from tests.grading.marking import (
    address,
    answered,
    code_of,
    marked_assignment,
    marker_of,
    marking_of,
)
from tests.grading.pages import KEY, downloaded, signed_in, words

pytestmark = pytest.mark.django_db
CANARY: Final = "canary-words"
OF_RUNS: Final = ("queue", "worker", "notebook", "Run again", "Executed", "cell ")


@pytest.fixture
def assignment() -> Assignment:
    return report_assignment()


def mark(run: GradingRun, comment: str = CANARY) -> None:
    question = run.revision.questions.get()
    assert question.rubric is not None
    save_marking(
        actor=marker_of(run.work.assignment),
        target=MarkingTarget(
            rubric=question.rubric, student=run.work.author, submission=run.work
        ),
        given=GivenMarking(adjustment=Decimal("7.25"), comment=comment),
        version=0,
    )


def without_any_of(text: str, *others: str) -> None:
    """Assert that none of these words stands in the text."""
    assert [each for each in (*OF_RUNS, *others) if each in text] == []


# --- Handing in ------------------------------------------------------------------------


def test_coursework_page_says_that_people_mark(assignment: Assignment) -> None:
    RevisionFileFactory.create(revision=assignment.revision, name="template.txt")
    page = signed_in(student_of(assignment)).get(assignment.get_absolute_url())
    text = words(page)
    assert "Nothing is run: people mark them." in text
    assert "report.pdf PDF document (.pdf), at most 1 MB" in text
    assert "template.txt" in text
    assert b'accept=".pdf"' in page.content
    without_any_of(text, "The grading machine", "Check my work", "Belongs beside")


def test_form_leads_to_the_page_of_the_attempt(assignment: Assignment) -> None:
    client = signed_in(student_of(assignment))
    answer = client.post(
        f"{assignment.get_absolute_url()}submit/",
        {
            "idempotency_key": KEY,
            "declaration": "yes",
            "file:report.pdf": SimpleUploadedFile("final.pdf", PDF),
        },
        follow=True,
    )
    text = words(answer)
    assert "Attempt 1 is handed in and stored" in text
    assert "Your files are stored. Nothing is run: people mark them." in text
    assert "Ready to be marked" in text
    assert "10 to be marked by hand" in text
    assert b"hx-get" not in answer.content
    without_any_of(text, "Hardware", "Stop this run")


def test_refused_file_is_named_at_its_place(assignment: Assignment) -> None:
    answer = signed_in(student_of(assignment)).post(
        f"{assignment.get_absolute_url()}submit/",
        {
            "idempotency_key": KEY,
            "declaration": "yes",
            "file:report.pdf": SimpleUploadedFile("r.pdf", b"\xd0\xcf\x11\xe0 a .doc"),
        },
    )
    assert answer.status_code == 422
    assert "asks for a PDF document" in words(answer)


@pytest.mark.parametrize("is_staff", [False, True])
def test_pages_of_an_attempt_say_nothing_of_runs(
    assignment: Assignment, *, is_staff: bool
) -> None:
    student = student_of(assignment)
    first = hand_in_report(assignment, student)
    run = hand_in_report(assignment, student, data=PDF + b"%%EOF")
    viewer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    client = signed_in(viewer if is_staff else student)
    for url in (
        run.get_absolute_url(),
        first.get_absolute_url(),
        reverse("grading:run-status", args=[run.pk]),
        run.work.get_absolute_url(),
        assignment.get_absolute_url(),
    ):
        without_any_of(words(client.get(url)), "Latest run", "Queue")


def test_staff_table_and_history_read_well(assignment: Assignment) -> None:
    run = hand_in_report(assignment)
    lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    client = signed_in(lecturer)
    args = [assignment.course.slug, assignment.slug]
    table = words(client.get(reverse("grading:assignment-staff", args=args)))
    assert "Handed in" in table
    assert "Files only: nothing is run" in table
    assert "In the queue 0" not in table
    page = words(client.get(run.get_absolute_url()))
    assert "Stored for marking" in page


def test_running_again_is_refused_in_words(assignment: Assignment) -> None:
    run = hand_in_report(assignment)
    client = signed_in(marker_of(assignment))
    url = reverse("grading:run-again", args=[run.pk])
    assert "has no notebook" in words(client.post(url, follow=True))
    assert GradingRun.objects.count() == 1


def test_cancelling_changes_nothing(assignment: Assignment) -> None:
    run = hand_in_report(assignment)
    client = signed_in(run.work.author)
    url = reverse("grading:run-cancel", args=[run.pk])
    assert "already ended" in words(client.post(url, follow=True))
    run.refresh_from_db()
    assert run.state == "finished"


# --- Marking ---------------------------------------------------------------------------


def shown_url(run: GradingRun, name: str = "report.pdf") -> str:
    return f"{address(run)}files/{name}/shown/"


def test_marking_page_shows_the_files(assignment: Assignment) -> None:
    run = hand_in_report(assignment)
    sha256, size = store_text("<b>10 %</b> of it")
    SubmittedFile.objects.create(
        submission=run.work,
        name="data.txt",
        original_name="secret name.txt",
        kind=FileKind.TEXT,
        sha256=sha256,
        size=size,
    )
    page = signed_in(marker_of(assignment)).get(address(run))
    html = page.content.decode()
    assert f'<iframe class="sheet" src="{shown_url(run)}#navpanes=0"' in html
    assert "&lt;b&gt;10 %&lt;/b&gt; of it" in html
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    assert "There is no notebook" not in words(page)
    assert "Other files" not in words(page)


def test_finishing_stores_the_points(assignment: Assignment) -> None:
    run = hand_in_report(assignment)
    client = signed_in(marker_of(assignment))
    form = {"attempt": "1", "version": "0", "adjustment": "4", "action": "finish"}
    client.post(address(run), form)
    marking = marking_of(run)
    assert marking is not None
    assert marking.points == 4
    assert rows(marker_of(assignment, role="lecturer"), "marks/")


def test_pdf_is_sent_as_what_it_is_and_loads_nothing(assignment: Assignment) -> None:
    run = hand_in_report(assignment)
    client = signed_in(marker_of(assignment))
    answer = client.get(shown_url(run))
    assert downloaded(answer) == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_every_file_can_be_saved_as_an_attachment(assignment: Assignment) -> None:
    run = hand_in_report(assignment)
    client = signed_in(marker_of(assignment))
    saved = client.get(f"{address(run)}files/report.pdf/")
    assert downloaded(saved) == PDF
    assert saved["Content-Disposition"].startswith("attachment")
    assert saved["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        # Whatever its row says, a page of the web is never shown.
        (FileKind.PDF, "<script>alert(1)</script>"),
        (FileKind.PNG, "<svg onload=alert(1)>"),
        (FileKind.TEXT, "%PDF-1.7"),
        (FileKind.ZIP, "PK"),
        (FileKind.OTHER, "%PDF-1.7"),
    ],
)
def test_file_that_is_no_pdf_and_no_picture_is_never_shown(
    assignment: Assignment, kind: FileKind, data: str
) -> None:
    run = hand_in_report(assignment)
    sha256, _ = store_text(data)
    run.work.files.update(kind=kind, sha256=sha256)
    client = signed_in(marker_of(assignment))
    assert client.get(shown_url(run)).status_code == 404


def test_file_is_shown_to_markers_alone(assignment: Assignment) -> None:
    run = hand_in_report(assignment)
    for user, status in (
        (run.work.author, 403),
        (student_of(assignment), 403),
        (EnrolmentFactory.create(assistant=True).user, 404),
    ):
        assert signed_in(user).get(shown_url(run)).status_code == status


def test_removed_or_unknown_file_is_not_found(assignment: Assignment) -> None:
    run = hand_in_report(assignment)
    client = signed_in(marker_of(assignment))
    assert client.get(shown_url(run, "other.pdf")).status_code == 404
    run.work.files.update(removed_at=timezone.now())
    assert client.get(shown_url(run)).status_code == 404


def test_file_beside_a_notebook_is_not_shown() -> None:
    """Its kind may be asked for beside a notebook, too: then it is downloaded."""
    run = answered(marked_assignment())
    sha256, size = store_text("%PDF-1.7 %%EOF")
    SubmittedFile.objects.create(
        submission=run.work,
        name="report.pdf",
        original_name="report.pdf",
        kind=FileKind.PDF,
        sha256=sha256,
        size=size,
    )
    client = signed_in(marker_of(run.work.assignment))
    assert client.get(shown_url(run)).status_code == 404


def test_anonymous_marking_shows_the_files_by_code_alone() -> None:
    assignment = report_assignment(marking_is_anonymous=True)
    student = student_of(assignment, first_name="Zebedee", last_name="Quux")
    run = hand_in_report(assignment, student)
    client = signed_in(marker_of(assignment))
    page = client.get(address(run))
    assert shown_url(run) in page.content.decode()
    assert "Students are asked to leave theirs out" in words(page)
    assert "Quux" not in page.content.decode()
    form = signed_in(student).get(assignment.get_absolute_url())
    assert "leave your name out of these files" in words(form)


def test_saved_file_is_named_by_the_code() -> None:
    assignment = report_assignment(marking_is_anonymous=True)
    run = hand_in_report(assignment)
    code = code_of(assignment, run.work.author)
    client = signed_in(marker_of(assignment))
    answer = client.get(f"{address(run)}files/report.pdf/")
    assert answer["Content-Disposition"] == f'attachment; filename="{code}-report.pdf"'
    assert downloaded(answer) == PDF


def test_identical_reports_are_found_by_their_content(assignment: Assignment) -> None:
    run, same = hand_in_report(assignment), hand_in_report(assignment)
    hand_in_report(assignment, data=PDF + b"another")
    client = signed_in(marker_of(assignment))
    text = words(client.get(f"{address(run)}like/"))
    assert code_of(assignment, same.work.author) in text
    assert "identical" in text
    assert "2 of 2 answers compared, by the content of all their files" in text


# --- Release ---------------------------------------------------------------------------


def everything_of(student: User, run: GradingRun) -> str:
    """Return the text of all that the student can open of the work."""
    client, assignment = session_of(student), run.work.assignment
    args = [assignment.course.slug, assignment.slug]
    addresses = [
        assignment.get_absolute_url(),
        run.get_absolute_url(),
        run.work.get_absolute_url(),
        reverse("gradebook:marks", args=args[:1]),
        reverse("grading:feedback", args=args),
        f"{ROOT}runs/{run.pk}/",
        f"{ROOT}submissions/{run.work_id}/",
        f"{ROOT}marks/",
        f"{ROOT}assignments/{assignment.pk}/",
    ]
    return "\n".join(client.get(each).content.decode() for each in addresses)


def test_nothing_tells_of_the_marking_before_the_release(
    assignment: Assignment,
) -> None:
    run = hand_in_report(assignment)
    mark(run)
    text = everything_of(run.work.author, run)
    assert CANARY not in text
    assert "7.25" not in text
    Assignment.objects.update(due_at=hours(-1), closes_at=hours(-1))
    assignment.refresh_from_db()
    release_marks(
        actor=marker_of(assignment, role="lecturer"),
        assignment=assignment,
        at=hours(-0.01),
    )
    after = everything_of(run.work.author, run)
    assert CANARY in after
    assert "7.25" in after


def test_feedback_shows_points_words_and_no_notebook(assignment: Assignment) -> None:
    run = hand_in_report(assignment)
    mark(run, "Well *argued*.")
    Assignment.objects.update(
        due_at=hours(-2), closes_at=hours(-2), marks_released_at=hours(-1)
    )
    args = [assignment.course.slug, assignment.slug]
    client = signed_in(run.work.author)
    text = words(client.get(reverse("grading:feedback", args=args)))
    assert "Well argued ." in text or "Well argued." in text
    assert "7.25" in text
    assert "report.pdf" in text
    without_any_of(text)
    file = client.get(reverse("grading:feedback-file", args=args))
    assert b"7.25" in file.content


# --- The API ---------------------------------------------------------------------------


def test_api_says_that_there_is_no_notebook(assignment: Assignment) -> None:
    student = student_of(assignment)
    revision = get(student, f"assignments/{assignment.pk}/")["revision"]
    assert revision["notebook_name"] is None
    assert [each["kind"] for each in revision["required_files"]] == ["pdf", "text"]
    other = AssignmentFactory.create(course=assignment.course)
    named = get(student, f"assignments/{other.pk}/")["revision"]["notebook_name"]
    assert named == "work.ipynb"


def test_hand_in_by_the_api_is_finished_in_its_answer(assignment: Assignment) -> None:
    student = student_of(assignment)
    answer = hand_in(
        student,
        assignment,
        **{"work.ipynb": None, "report.pdf": SimpleUploadedFile("final.pdf", PDF)},
    )
    assert answer.status_code == 201, answer.content
    run = answer.json()["run"]
    assert (run["state"], run["verdict"]) == ("finished", "nothing_run")
    assert run["started_at"] is None
    seen = get(student, f"runs/{run['id']}/")
    assert "people mark them" in seen["message"]["text"]
    assert (seen["place"], seen["notebook_url"]) == (None, None)
    assert get(student, "runs/", verdict="nothing_run")["results"]


def test_check_before_handing_in_is_refused_by_the_api() -> None:
    assignment = report_assignment(self_check_limit=3)
    student = student_of(assignment)
    client: Client = session_of(student)
    answer = client.post(
        f"{ROOT}self-checks/",
        {
            "assignment": assignment.pk,
            "report.pdf": SimpleUploadedFile("final.pdf", PDF),
        },
    )
    assert answer.status_code == 400
    assert "self_checks_off" in json.dumps(answer.json())


def test_marker_reads_the_work_by_the_api(assignment: Assignment) -> None:
    run = hand_in_report(assignment)
    code = code_of(assignment, run.work.author)
    found = get(marker_of(assignment), f"assignments/{assignment.pk}/marking/")
    assert code in json.dumps(found)
