"""The feedback page and its file: what stands there, for whom, and from when on."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from courses.models import Assignment
from grading.models import GradingRun, Mark, RegradeRequest
from grading.services.aliases import codes_of
from grading.services.class_marks import class_shares
from runner.protocol.check_pictures import Picture
from runner.protocol.check_reports import CheckReport
from tests.factories import ExtensionFactory, hours, store_text
from tests.grading.feedback_world import FeedbackWorld, feedback_world
from tests.grading.pages import signed_in, words
from tests.grading.pages.test_executed import code, document, text

pytestmark = pytest.mark.django_db
COMMENT = "The **second** step <script>alert(1)</script> is $x^2$."


def address(world: FeedbackWorld, name: str = "feedback", *more: object) -> str:
    found = world.assignment
    return reverse(f"grading:{name}", args=[found.course.slug, found.slug, *more])


@pytest.fixture
def world() -> FeedbackWorld:
    """Return a student's work that was marked and released."""
    world = feedback_world()
    sha256, _ = store_text(document(code("x = 1"), text("An answer in words")))
    GradingRun.objects.filter(pk=world.run.pk).update(executed_sha256=sha256)
    world.mark(
        world.run,
        "Clear",
        "Wrong sign",
        adjustment=Decimal("0.5"),
        comment=COMMENT,
        cell_comments={2: "Say why.", 1: "Unused."},
    )
    world.release()
    return world


def test_page_shows_points_items_and_words(world: FeedbackWorld) -> None:
    answer = signed_in(world.student).get(address(world))
    html, said = answer.content.decode(), words(answer)
    for expected in (
        *("Clear +4", "Wrong sign \N{MINUS SIGN}1", "Adjustment +0.5", "3.5 / 10"),
        *("The answer is 42.", "Automatic 2", "Marked by hand 3.5", "Final 5.5 / 12"),
        *("Cell 1", "A text cell", "Say why."),
        "Ask for this question to be marked again",
    ):
        assert expected in said, expected
    assert "<strong>second</strong>" in html
    assert "<script>alert" not in html
    assert "once 5 of them are released" in said
    assert world.marker.name not in html


def test_comments_stand_at_their_cells_and_in_the_file(world: FeedbackWorld) -> None:
    client = signed_in(world.student)
    frame = client.get(reverse("grading:executed", args=[world.run.pk]))
    file = client.get(address(world, "feedback-file"))
    for answer in (frame, file):
        said = words(answer)
        assert said.index("x = 1") < said.index("Unused.", said.index("x = 1"))
        assert said.index("An answer in words") < said.rindex("Say why.")
    assert file.headers["Content-Disposition"].startswith("attachment;")
    html = file.content.decode()
    # Nothing is loaded, and every link within the file leads somewhere in it.
    assert not re.search(r'<(link|script|iframe|form|use)\b|src="(?!data:)', html)
    anchors = set(re.findall(r'href="#([^"]+)"', html))
    assert anchors
    assert anchors <= set(re.findall(r'id="([^"]+)"', html))


def test_pictures_of_checks_stand_in_the_page_and_in_the_file(
    world: FeedbackWorld,
) -> None:
    png = "iVBORw0KGgoAAAA="
    report = CheckReport(pictures=(Picture(caption="x", width=1, height=1, png=png),))
    result = next(each for each in world.run.results.all() if each.checks)
    result.checks[0]["report"] = report.to_json()
    result.save()
    for name in ("feedback", "feedback-file"):
        html = signed_in(world.student).get(address(world, name)).content.decode()
        assert f'src="data:image/png;base64,{png}"' in html, name


def test_before_the_release_nothing_tells_whether_somebody_has_marked() -> None:
    world = feedback_world()
    client = signed_in(world.student)
    frame = reverse("grading:executed", args=[world.run.pk])
    sha256, _ = store_text(document(text("An answer in words")))
    GradingRun.objects.filter(pk=world.run.pk).update(executed_sha256=sha256)
    paths = (
        address(world),
        address(world, "assignment"),
        reverse("gradebook:marks", args=[world.assignment.course.slug]),
        reverse("grading:run", args=[world.run.pk]),
        reverse("grading:run-status", args=[world.run.pk]),
        frame,
    )

    def seen() -> list[tuple[str, object]]:
        answers = [client.get(path) for path in paths]
        return [
            (
                _without_tokens(each.content.decode()),
                # The rest is the time of asking.
                each.headers.get("ETag", "").split("-")[0],
            )
            for each in answers
        ]

    before = seen()
    world.mark(world.run, "Clear", comment="canary", cell_comments={1: "canary"})
    assert seen() == before
    assert client.get(address(world, "feedback-file")).status_code == 404
    answer = client.post(address(world), {"key": "words", "reason": "canary"})
    assert "Your marks are not released." in words(answer)
    # The same once they are out, but not for a student who still hands in.
    world.release()
    ExtensionFactory.create(
        assignment=world.assignment, student=world.student, due_at=hours(24)
    )
    assert "canary" not in "".join(html for html, _ in seen())
    assert "No feedback yet" in words(client.get(address(world)))


def _without_tokens(html: str) -> str:
    """Leave out what differs between two requests of the same page."""
    html = re.sub(r"csrf(middlewaretoken|Token)[^>]*>", "", html, flags=re.IGNORECASE)
    html = re.sub(r'<form class="submit-form"[^>]*>', "", html)
    html = re.sub(r'name="idempotency_key" value="\w+"', "", html)
    return re.sub(r'(data-etag="\w+-)\d+-', r"\1", html)


def test_staff_see_it_by_the_code_and_assistants_only_once_released() -> None:
    world = feedback_world()
    world.mark(world.run, "Clear", comment="Well put.")
    code = codes_of(world.assignment, [world.student.pk])[world.student.pk]
    page = address(world, "feedback-of", code)
    assert signed_in(world.marker).get(page).status_code == 403
    seen = signed_in(world.lecturer).get(page)
    assert "Well put." in words(seen)
    assert "The student does not see this yet" in words(seen)
    assert world.student.name in words(seen)
    world.release()
    other = world.hand_in()
    said = words(signed_in(other.work.author).get(address(world)))
    assert "Waits for marking by hand" in said
    assert "So far 2 / 12" in said
    Assignment.objects.update(marking_is_anonymous=True)
    html = signed_in(world.lecturer).get(page).content.decode()
    assert code in html
    assert world.student.name not in html
    assert signed_in(world.student).get(page).status_code == 403


def test_links_lead_there_once_it_is_released(world: FeedbackWorld) -> None:
    client, course = signed_in(world.student), world.assignment.course
    for path in (
        address(world, "assignment"),
        reverse("gradebook:marks", args=[course.slug]),
        reverse("grading:run", args=[world.run.pk]),
    ):
        assert address(world) in client.get(path).content.decode(), path


def test_a_question_that_waits_hides_the_class_which_nobody_joins_later() -> None:
    world = feedback_world(5)
    for run in world.runs[1:]:
        world.mark(run, "Clear")
    world.release()
    now = timezone.now() + dt.timedelta(seconds=1)
    assert class_shares(world.assignment, now=now) == []
    # A mark that was made after the release does not join those of the class.
    world.mark(world.run, "Clear")
    late = world.hand_in()
    world.mark(late, "Clear")
    answer = signed_in(late.work.author).get(address(world))
    assert "5 marks that were released together" in words(answer)
    assert "Your mark is in 40 to 60 %" in words(answer)
    assert 'role="img" aria-label="5 marks.' in answer.content.decode()


def test_student_asks_withdraws_and_sees_the_answer(world: FeedbackWorld) -> None:
    client = signed_in(world.student)
    client.post(address(world), {"key": "words", "reason": "My sign is right."})
    row = RegradeRequest.objects.get()
    said = words(client.get(address(world)))
    assert "My sign is right." in said
    assert "You have 2 of 3 requests left" in said
    client.post(address(world, "regrade-withdraw", row.pk))
    row.refresh_from_db()
    assert row.state == RegradeRequest.State.WITHDRAWN
    refused = client.post(address(world), {"key": "words", "reason": " "})
    assert refused.status_code == 422


def test_standing_is_said(world: FeedbackWorld) -> None:
    Mark.objects.filter(student=world.student).update(standing="excused")
    assert "Excused" in words(signed_in(world.student).get(address(world)))
