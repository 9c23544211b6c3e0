"""The course's page filtered by words, by the exam, or by what is new."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from courses.models import Course, CourseVisit, Week
from formats.choices import Examinable, MaterialKind
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    LectureFactory,
    MaterialFactory,
    RoomFactory,
    SessionFactory,
    SessionLectureFactory,
    WeekFactory,
    hours,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def week() -> Week:
    return WeekFactory.create(
        course=CourseFactory.create(),
        number=2,
        title="Convolutions",
        starts_on=timezone.now().date(),
    )


@pytest.fixture
def student(week: Week) -> User:
    return EnrolmentFactory.create(course=week.course).user


@pytest.fixture
def taught(week: Week) -> Course:
    """Give a week with two lectures, one of them examinable, notes and coursework."""
    course = week.course
    session = SessionFactory.create(
        course=course, week=week, room=RoomFactory.create(name="Huxley 311")
    )
    for number, title, examinable in (
        ("02", "Building blocks", Examinable.PARTS),
        ("03", "Logistics", Examinable.NO),
    ):
        lecture = LectureFactory.create(
            course=course, number=number, title=title, examinable=examinable
        )
        SessionLectureFactory.create(session=session, lecture=lecture)
        MaterialFactory.create(
            course=course,
            lecture=lecture,
            kind=MaterialKind.RECORDING,
            title=f"Video {number}",
        )
    MaterialFactory.create(
        course=course, week=week, code="N02a", title="Slides", examinable=Examinable.ALL
    )
    MaterialFactory.create(course=course, week=week, code="N99", title="Gossip")
    AssignmentFactory.create(course=course, week=week, title="Digits")
    return course


def shown(client: Client, user: User, course: Course, query: str) -> str:
    """Return the weeks of the filtered page."""
    client.force_login(user)
    html = client.get(f"{course.get_absolute_url()}?{query}").content.decode()
    return html[html.index("Week by week") : html.index("</main>")]


def test_words_find_a_material_by_its_code(
    client: Client, student: User, taught: Course
) -> None:
    html = shown(client, student, taught, "q=n02A")
    assert "Slides" in html
    for other in ("Gossip", "Logistics", "Digits"):
        assert other not in html


def test_all_words_must_occur(client: Client, student: User, taught: Course) -> None:
    assert "Slides" in shown(client, student, taught, "q=slides n02a")
    assert "Nothing found" in shown(client, student, taught, "q=slides n99")


def test_words_find_a_lecture_with_its_recordings(
    client: Client, student: User, taught: Course
) -> None:
    html = shown(client, student, taught, "q=building")
    assert "Video 02" in html
    assert "Video 03" not in html


def test_words_find_a_session_by_its_room(
    client: Client, student: User, taught: Course
) -> None:
    html = shown(client, student, taught, "q=huxley")
    assert "Logistics" in html
    assert "Gossip" not in html


def test_name_of_a_week_finds_all_of_it(
    client: Client, student: User, taught: Course
) -> None:
    html = shown(client, student, taught, "q=convolutions")
    for words in ("Gossip", "Logistics", "Digits"):
        assert words in html


def test_examinable_filter_leaves_out_undecided_items(
    client: Client, student: User, taught: Course
) -> None:
    html = shown(client, student, taught, "show=examinable")
    assert "Building blocks" in html
    assert "Slides" in html
    for other in ("Logistics", "Gossip", "Digits", "Video 03"):
        assert other not in html


def test_all_weeks_are_open_in_a_filtered_page(
    client: Client, student: User, taught: Course
) -> None:
    last = WeekFactory.create(course=taught, number=9, title="Slides again")
    MaterialFactory.create(course=taught, week=last, title="Slides of the last week")
    html = shown(client, student, taught, "q=slides")
    assert html.count("<details open") == 2


def test_new_filter_shows_items_since_the_last_visit(
    client: Client, student: User, taught: Course
) -> None:
    CourseVisit.objects.create(course=taught, user=student, seen_at=hours(-48))
    MaterialFactory.create(
        course=taught, week=taught.weeks.get(), title="Fresh", release_at=hours(-1)
    )
    html = shown(client, student, taught, "show=new")
    assert "Fresh" in html
    for other in ("Gossip", "Logistics", "Digits"):
        assert other not in html


@pytest.mark.parametrize("query", ["q=%00", "q=" + "x" * 500, "show=nonsense"])
def test_odd_filters_are_no_error(
    client: Client, student: User, taught: Course, query: str
) -> None:
    assert shown(client, student, taught, query)
