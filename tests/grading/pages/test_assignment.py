"""The coursework page: required files, deadlines, and the student's own attempts."""

import datetime as dt
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment, Course
from formats.choices import FileKind, Part
from grading.services import record_environments
from grading.worker.environments import FoundEnvironment
from submissions.models import ChosenAttempt, Submission
from tests.factories import (
    AssignmentFactory,
    ExtensionFactory,
    GradingRunFactory,
    RequiredFileFactory,
    RevisionFileFactory,
    SubmissionFactory,
    hours,
)
from tests.grading.pages import (
    Answer,
    add_question,
    finished_run,
    signed_in,
    staff_of,
    student_of,
    words,
)

pytestmark = pytest.mark.django_db
FORM = "data-submit-form"


def page(assignment: Assignment, user: User | None = None) -> Answer:
    client = signed_in(user or student_of(assignment))
    return client.get(assignment.get_absolute_url())


@pytest.mark.parametrize(("attempts", "offers"), [(6, False), (7, True)])
def test_many_attempts_are_folded(attempts: int, *, offers: bool) -> None:
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    SubmissionFactory.create_batch(attempts, assignment=assignment, author=student)
    html = signed_in(student).get(assignment.get_absolute_url()).content.decode()
    assert (f"Show all {attempts} attempts" in html) is offers


def test_brief_is_rendered_from_markdown() -> None:
    assignment = AssignmentFactory.create(summary="Write **conv2d** <script>")
    html = page(assignment).content.decode()
    assert "<strong>conv2d</strong>" in html
    assert "<script>" not in html.split("brief-title")[1].split("</section>")[0]


def test_deadline_is_shown_in_the_courses_zone_and_in_words() -> None:
    due = dt.datetime(2027, 7, 2, 18, 0, tzinfo=dt.UTC)
    text = words(page(AssignmentFactory.create(due_at=due)))
    assert "Fri 2 Jul" in text
    assert "19:00 BST" in text
    assert "Due in" in text


def test_own_extension_is_shown_beside_the_common_deadline() -> None:
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    ExtensionFactory.create(assignment=assignment, student=student)
    assert "Your own deadline" in words(page(assignment, student))
    assert "Your own deadline" not in words(page(assignment))


def test_questions_show_points_checks_and_when_their_results_are_shown() -> None:
    assignment = AssignmentFactory.create()
    add_question(assignment, "after_deadline")
    text = words(page(assignment))
    assert "5 points in all" in text
    assert "The answer is 42. Shown at once" in text
    assert "A hidden check Shown when you can no longer hand in" in text
    assert "Works on unseen images" not in text


def test_a_check_is_described_once_its_result_may_be_shown() -> None:
    assignment = AssignmentFactory.create(due_at=hours(-2), closes_at=hours(-1))
    add_question(assignment, "after_deadline")
    assert "Works on unseen images. Shown when" in words(page(assignment))


def test_staff_read_what_every_check_tests() -> None:
    assignment = AssignmentFactory.create()
    add_question(assignment, "never")
    text = words(page(assignment, staff_of(assignment)))
    assert "Works on unseen images. Never shown" in text


def test_a_check_that_is_never_shown_is_not_described() -> None:
    assignment = AssignmentFactory.create()
    add_question(assignment, "never")
    text = words(page(assignment))
    assert "A check that stays hidden" in text
    assert "Works on unseen images" not in text


def test_handout_and_public_files_are_offered_and_no_others() -> None:
    assignment = AssignmentFactory.create()
    for part in Part:
        RevisionFileFactory.create(
            revision=assignment.revision, part=part, name=f"{part}.bin"
        )
    html = page(assignment).content.decode()
    shown = {part for part in Part if f"{part}.bin" in html}
    assert shown == {Part.HANDOUT, Part.PUBLIC}


def test_each_required_file_has_an_input_with_its_limit() -> None:
    assignment = AssignmentFactory.create()
    RequiredFileFactory.create(revision=assignment.revision, weights=True)
    answer = page(assignment)
    html = answer.content.decode()
    assert 'name="file:work.ipynb"' in html
    assert 'name="file:digits.safetensors"' in html
    assert f'data-max-bytes="{50 * 1024**2}"' in html
    assert "at most 50\N{NO-BREAK SPACE}MB" in html


def test_a_notebooks_limit_is_the_smaller_of_its_own_and_the_portals() -> None:
    assignment = AssignmentFactory.create(with_revision=False)
    slot = RequiredFileFactory.create(
        revision__assignment=assignment, max_bytes=500 * 1024**2
    )
    Assignment.objects.filter(pk=assignment.pk).update(revision=slot.revision)
    assert slot.kind == FileKind.NOTEBOOK
    assert "at most 20\N{NO-BREAK SPACE}MB" in page(assignment).content.decode()


def test_after_the_deadline_the_form_says_late() -> None:
    answer = page(AssignmentFactory.create(late=True))
    assert FORM in answer.content.decode()
    assert "You can still hand in, but your work will be labelled as late." in words(
        answer
    )


def test_once_closed_a_message_replaces_the_form() -> None:
    answer = page(AssignmentFactory.create(closed=True))
    assert FORM not in answer.content.decode()
    assert "You can no longer hand in" in words(answer)


def test_an_extension_keeps_the_form_open() -> None:
    assignment = AssignmentFactory.create(closed=True)
    student = student_of(assignment)
    ExtensionFactory.create(assignment=assignment, student=student)
    assert FORM in page(assignment, student).content.decode()


def test_once_attempts_are_used_up_a_message_replaces_the_form() -> None:
    assignment = AssignmentFactory.create(max_attempts=1)
    student = student_of(assignment)
    assert "1 of 1 attempt left" in words(page(assignment, student))
    SubmissionFactory.create(assignment=assignment, author=student)
    answer = page(assignment, student)
    assert FORM not in answer.content.decode()
    assert "All attempts used" in words(answer)


def test_without_a_published_revision_there_is_no_form() -> None:
    answer = page(AssignmentFactory.create(with_revision=False))
    assert FORM not in answer.content.decode()
    assert "Not open for work yet" in words(answer)


def test_before_release_students_get_404_and_staff_the_page() -> None:
    assignment = AssignmentFactory.create(release_at=hours(1))
    assert page(assignment).status_code == 404
    answer = page(assignment, staff_of(assignment))
    assert "Students do not see this yet" in words(answer)


def test_staff_get_a_link_to_everybodys_work_and_no_form() -> None:
    assignment = AssignmentFactory.create()
    answer = page(assignment, staff_of(assignment))
    assert FORM not in answer.content.decode()
    assert "Staff do not hand in" in words(answer)
    assert f'{assignment.get_absolute_url()}staff/"' in answer.content.decode()


def test_only_the_student_s_own_attempts_are_listed() -> None:
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    own = finished_run(assignment, student)
    other = finished_run(assignment, student_of(assignment))
    html = page(assignment, student).content.decode()
    assert own.get_absolute_url() in html
    assert other.get_absolute_url() not in html


def test_a_late_attempt_says_so() -> None:
    assignment = AssignmentFactory.create(late=True)
    student = student_of(assignment)
    SubmissionFactory.create(assignment=assignment, author=student)
    assert "Late" in words(page(assignment, student)).split("Your attempts", 1)[1]


def test_the_latest_finished_attempt_counts_and_says_why() -> None:
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    finished_run(assignment, student)
    finished_run(assignment, student)
    GradingRunFactory.create(
        submission=SubmissionFactory.create(assignment=assignment, author=student)
    )
    text = words(page(assignment, student))
    assert "2 Counts your latest finished attempt" in text
    assert text.count("your latest finished attempt") == 1


def test_the_best_attempt_counts_and_says_why() -> None:
    assignment = AssignmentFactory.create(counting="best")
    student = student_of(assignment)
    finished_run(assignment, student)
    finished_run(assignment, student, automatic_points=1)
    assert "1 Counts your best attempt so far" in words(page(assignment, student))


def test_which_attempt_is_best_does_not_reveal_hidden_checks() -> None:
    assignment = AssignmentFactory.create(counting="best")
    add_question(assignment, "after_release")
    student = student_of(assignment)
    finished_run(assignment, student, secret=1, automatic_points=5)
    finished_run(assignment, student, automatic_points=2)
    assert "your best attempt" not in words(page(assignment, student))
    assignment.due_at = hours(-2)
    assignment.marks_released_at = hours(-1)
    assignment.save()
    assert "1 Counts your best attempt" in words(page(assignment, student))


def test_points_of_hidden_checks_are_in_no_sum() -> None:
    assignment = AssignmentFactory.create()
    add_question(assignment, "after_deadline")
    student = student_of(assignment)
    finished_run(assignment, student, secret=1, automatic_points=5)
    assert "2 / 5 3 hidden" in words(page(assignment, student))


def test_versions_of_the_last_run_describe_the_environment() -> None:
    assignment = AssignmentFactory.create()
    finished_run(
        assignment,
        student_of(assignment),
        measures={"versions": {"torch": "2.13.0"}},
    )
    assert "torch 2.13.0" in words(page(assignment))


def record(name: str = "default") -> None:
    packages = {"numpy": "1.26.4", "torch": "2.13.0", "zict": "3.0"}
    found = FoundEnvironment(name=name, python="3.11.7", packages=packages)
    record_environments(actor=SYSTEM, found=[found], level="L2")


def test_students_see_what_is_installed() -> None:
    record()
    seen = words(page(AssignmentFactory.create()))
    for fact in ("Python 3.11.7", "torch 2.13.0", "All 3 packages", "zict 3.0"):
        assert fact in seen


def test_page_says_that_installed_packages_are_unknown() -> None:
    record("another")
    seen = words(page(AssignmentFactory.create()))
    assert "No worker has reported yet" in seen
    assert "1.26.4" not in seen


@pytest.mark.parametrize(("name", "warns"), [("default", False), ("other", True)])
def test_staff_are_warned_of_an_environment_that_no_worker_has(
    name: str, *, warns: bool
) -> None:
    record(name)
    assignment = AssignmentFactory.create()
    title = "No worker has this environment"
    assert (title in words(page(assignment, staff_of(assignment)))) is warns
    assert title not in words(page(assignment))


def test_the_share_of_a_gpu_is_shown_where_there_is_one() -> None:
    assignment = AssignmentFactory.create()
    assert "GPU memory" not in words(page(assignment))
    revision = assignment.revision
    assert revision is not None
    type(revision).objects.update(queue="gpu", gpu_memory_mb=4096)
    assert "GPU memory 4 GB" in words(page(assignment))


def test_page_is_never_cached() -> None:
    assert "no-store" in page(AssignmentFactory.create())["Cache-Control"]


@pytest.mark.parametrize("attempts", [1, 12])
def test_queries_do_not_grow_with_attempts(
    attempts: int, assert_max_queries: Callable[[int], AbstractContextManager[None]]
) -> None:
    assignment = AssignmentFactory.create()
    add_question(assignment, "after_deadline")
    student = student_of(assignment)
    for _ in range(attempts):
        finished_run(assignment, student)
    client = signed_in(student)
    with assert_max_queries(21):
        client.get(assignment.get_absolute_url())


def test_form_knows_how_far_ahead_the_students_own_deadline_is() -> None:
    assignment = AssignmentFactory.create(due_at=hours(1))
    found = re.search(r'data-due-in="(-?\d+)"', page(assignment).content.decode())
    assert found
    assert 3500 < int(found[1]) <= 3600


# --- New attempts, and attempts used ------------------------


def replaces(answer: Answer) -> str:
    """Return the form's words about what a new attempt replaces."""
    found = re.search(r"<p data-replaces>(.*?)</p>", answer.content.decode())
    return re.sub("<[^>]+>", "", found[1]) if found else ""


def test_a_new_attempt_says_what_it_replaces_where_the_latest_counts() -> None:
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    assert not replaces(page(assignment, student))
    finished_run(assignment, student)
    said = replaces(page(assignment, student))
    assert said.startswith("This will replace your 2 points. The latest attempt counts")
    Assignment.objects.update(counting="choice")
    assert "as long as you choose no other one" in replaces(page(assignment, student))
    ChosenAttempt.objects.create(
        assignment=assignment, student=student, submission=Submission.objects.get()
    )
    assert not replaces(page(assignment, student))
    Assignment.objects.update(counting="best")
    assert not replaces(page(assignment, student))


def test_words_about_the_replaced_attempt_reveal_no_hidden_points() -> None:
    assignment = AssignmentFactory.create()
    add_question(assignment, "after_release")
    student = student_of(assignment)
    finished_run(assignment, student, secret=1, automatic_points=5)
    said = replaces(page(assignment, student))
    assert said.startswith("This will replace your 2 points and your hidden points.")


def test_used_attempts_are_counted_even_above_a_lowered_limit() -> None:
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    for _ in range(3):
        SubmissionFactory.create(assignment=assignment, author=student)
    Assignment.objects.update(max_attempts=2)
    text = words(page(assignment, student))
    assert "You have handed in 3 attempts. At most 2 are allowed." in text


def test_staff_read_that_students_do_not_see_it_while_the_course_is_hidden() -> None:
    assignment = AssignmentFactory.create()
    staff = staff_of(assignment)
    said = "Students do not see this yet"
    assert said not in words(page(assignment, staff))
    Course.objects.update(release_at=None)
    assert said in words(page(assignment, staff))


@pytest.mark.parametrize(
    ("values", "badge"),
    [
        ({}, "Due soon"),
        ({"max_attempts": 2}, "Due soon"),
        ({"max_attempts": 1}, "All attempts used"),
        ({"revision": None}, "Not open for work yet"),
        ({"due_at": hours(-1), "max_attempts": 1}, "Closed"),
    ],
)
def test_badge_says_whether_students_can_hand_in(
    values: dict[str, Any], badge: str
) -> None:
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    SubmissionFactory.create(assignment=assignment, author=student)
    Assignment.objects.update(**values)
    course_page = signed_in(student).get(assignment.course.get_absolute_url())
    pages = [course_page]
    if badge != "Closed":
        pages.append(signed_in(student).get("/"))
    assert all(badge in words(answer) for answer in pages)
    assert badge == "Due soon" or not any("Due soon" in words(each) for each in pages)


def test_deadline_has_passed_even_within_a_grace() -> None:
    assignment = AssignmentFactory.create(due_at=hours(-0.5), grace_minutes=60)
    text = words(page(assignment))
    assert "Passed 30 minutes ago" in text
    assert "is late" not in text
