"""A copy for next year has the same plan with later dates, and no students."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile

from accounts.models import User
from courses.models import (
    Announcement,
    Assignment,
    Course,
    CourseChange,
    Enrolment,
    Extension,
    RubricGroup,
    RubricItem,
)
from courses.services.copying import copy_course
from courses.services.creating import CourseRefusedError
from formats.choices import Role
from tests.factories import (
    AnnouncementFactory,
    AssignmentFactory,
    AttachmentFactory,
    ComponentFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    LectureFactory,
    ManualQuestionFactory,
    MaterialFactory,
    RubricFactory,
    SessionFactory,
    SessionLectureFactory,
    SlotFactory,
    TeacherFactory,
    UserFactory,
    WeekFactory,
)

pytestmark = pytest.mark.django_db
FIRST = dt.date(2027, 1, 11)
NEXT = dt.date(2028, 1, 10)
DAYS = (NEXT - FIRST).days
LATER = dt.timedelta(days=DAYS)
HOUR = dt.timedelta(hours=1)
NOON = dt.datetime(2027, 2, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def course() -> Course:
    course = CourseFactory.create(slug="70010-2026", academic_year="2026-27")
    WeekFactory.create(course=course, number=2, starts_on=FIRST)
    return course


@pytest.fixture
def lecturer(course: Course) -> User:
    return EnrolmentFactory.create(course=course, lecturer=True).user


def copied(actor: User, course: Course, **changes: object) -> Course:
    form: dict[str, object] = {
        "academic_year": "2027-28",
        "slug": "70010-2027",
        "first_week_on": NEXT,
        **changes,
    }
    return copy_course(actor=actor, course=course, **form)  # type: ignore[arg-type]


def clock(moment: dt.datetime, course: Course) -> dt.time:
    return moment.astimezone(course.tz).time()


def test_copy_is_hidden_and_of_its_year(course: Course, lecturer: User) -> None:
    made = copied(lecturer, course)
    assert made.release_at is None
    assert made.academic_year == "2027-28"
    assert made.module_codes == course.module_codes
    assert Course.objects.get(pk=course.pk).slug == "70010-2026"


def test_weeks_keep_their_numbers_and_move_by_whole_weeks(
    course: Course, lecturer: User
) -> None:
    WeekFactory.create(course=course, number=5, starts_on=FIRST + dt.timedelta(21))
    weeks = copied(lecturer, course).weeks.values_list("number", "starts_on")
    assert list(weeks) == [(2, NEXT), (5, NEXT + dt.timedelta(21))]


def test_session_is_copied_as_it_was_planned(course: Course, lecturer: User) -> None:
    nine = dt.datetime(2027, 1, 15, 9, tzinfo=dt.UTC)
    session = SessionFactory.create(
        course=course,
        starts_at=nine + dt.timedelta(days=1),
        moved_from=nine,
        cancelled_at=nine,
        cancel_reason="ill",
        by_team=True,
    )
    teacher = TeacherFactory.create(course=course, name="Kainz")
    session.teachers.add(teacher)
    SessionLectureFactory.create(
        session=session,
        lecture=LectureFactory.create(course=course, number="02"),
        watch_before=True,
    )
    made = copied(lecturer, course)
    own = made.sessions.get()
    assert (own.starts_at, own.ends_at) == (nine + LATER, nine + LATER + HOUR)
    assert (own.cancelled_at, own.cancel_reason, own.moved_from) == (None, "", None)
    assert own.room == session.room
    assert own.by_team
    assert own.teachers.get() == made.teachers.get()
    assert own.teachers.get().pk != teacher.pk
    place = own.lecture_places.get()
    assert place.watch_before
    assert place.lecture == made.lectures.get()


def test_local_time_is_kept_over_a_clock_change(course: Course, lecturer: User) -> None:
    """The date moves from the last Friday before summer time to one after it began."""
    friday = dt.datetime(2027, 3, 26, 9, tzinfo=dt.UTC)
    SessionFactory.create(course=course, starts_at=friday)
    made = copied(lecturer, course, first_week_on=NEXT + dt.timedelta(weeks=1))
    session = made.sessions.get()
    assert session.starts_at == dt.datetime(2028, 3, 31, 8, tzinfo=dt.UTC)


def test_material_shares_the_stored_file(course: Course, lecturer: User) -> None:
    week = course.weeks.get()
    material = MaterialFactory.create(
        course=course,
        week=week,
        lecture=LectureFactory.create(course=course),
        release_at=NOON,
        file=ContentFile(b"%PDF-", name="n02.pdf"),
    )
    material.also_in.add(week)
    answers = AttachmentFactory.create(material=material, label="Answers")
    made = copied(lecturer, course)
    own = made.materials.get()
    assert own.file.name == material.file.name
    assert (own.key, own.code) == (material.key, material.code)
    assert own.release_at == NOON + LATER
    assert own.week == own.also_in.get() == made.weeks.get()
    assert own.lecture == made.lectures.get()
    assert own.attachments.get().label == answers.label
    material.refresh_from_db()
    assert material.week == week


def test_row_hidden_without_a_time_stays_hidden(course: Course, lecturer: User) -> None:
    MaterialFactory.create(course=course, hidden=True)
    assert copied(lecturer, course).materials.get().release_at is None


def test_hours_and_shares_are_copied(course: Course, lecturer: User) -> None:
    SlotFactory.create(course=course)
    component = ComponentFactory.create(course=course, title="Coursework")
    AssignmentFactory.create(course=course, component=component)
    made = copied(lecturer, course)
    assert made.slots.get().starts == dt.time(9)
    assert made.assignments.get().component == made.components.get()
    assert component.assignments.count() == 1


def test_revision_is_the_copys_first_and_unpublished(
    course: Course, lecturer: User
) -> None:
    assignment = AssignmentFactory.create(course=course, marks_released_at=NOON)
    source = assignment.revision
    made = copied(lecturer, course).assignments.get()
    assert made.revision is None
    assert made.marks_released_at is None
    assert clock(made.due_at, course) == clock(assignment.due_at, course)
    revision = made.revisions.get()
    assert (revision.number, revision.created_by) == (1, lecturer)
    for part in ("files", "questions", "required_files"):
        own, known = getattr(revision, part), getattr(source, part)
        assert own.count() == known.count() > 0
    assert source is not None
    assert revision.files.get().sha256 == source.files.get().sha256
    assert Assignment.objects.get(pk=assignment.pk).revision == source


def test_rubric_is_copied_as_it_is_now(course: Course, lecturer: User) -> None:
    assignment = AssignmentFactory.create(course=course, regrades_until=NOON)
    source = RubricFactory.create(assignment=assignment)
    ManualQuestionFactory.create(revision=assignment.revision, rubric=source)
    group = RubricGroup.objects.create(rubric=source, title="Argument")
    RubricItem.objects.create(group=group, text="Clear", points=4)
    made = copied(lecturer, course).assignments.get()
    rubric = made.revisions.get().questions.get(key=source.key).rubric
    assert rubric is not None
    assert (rubric.assignment, rubric.definition_sha256) == (
        made,
        source.definition_sha256,
    )
    assert rubric.definition() == source.definition()
    assert made.regrades_until == NOON + LATER


def test_assignment_without_a_revision_is_copied(
    course: Course, lecturer: User
) -> None:
    AssignmentFactory.create(course=course, with_revision=False)
    assert not copied(lecturer, course).assignments.get().revisions.exists()


def test_only_lecturers_are_copied(course: Course, lecturer: User) -> None:
    second = EnrolmentFactory.create(course=course, lecturer=True).user
    EnrolmentFactory.create(course=course, lecturer=True, left=True)
    EnrolmentFactory.create(course=course, assistant=True)
    EnrolmentFactory.create(course=course)
    made = copied(lecturer, course)
    assert set(made.enrolments.values_list("user", "role")) == {
        (lecturer.pk, Role.LECTURER),
        (second.pk, Role.LECTURER),
    }


def test_monday_of_a_distant_year_is_refused_in_words(
    course: Course, lecturer: User
) -> None:
    with pytest.raises(CourseRefusedError) as refused:
        copy_course(
            actor=lecturer,
            course=course,
            academic_year="9999-00",
            slug="far",
            first_week_on=dt.date(9999, 12, 27),
        )
    assert "more than 20 years" in str(refused.value.faults["first_week_on"])


def test_person_who_copies_becomes_lecturer(course: Course) -> None:
    site_staff = UserFactory.create(site_staff=True)
    made = copied(site_staff, course)
    assert Enrolment.objects.get(course=made).user == site_staff


def test_announcements_extensions_and_changes_are_not_copied(
    course: Course, lecturer: User
) -> None:
    AnnouncementFactory.create(course=course)
    ExtensionFactory.create(assignment=AssignmentFactory.create(course=course))
    made = copied(lecturer, course)
    assert not Announcement.objects.filter(course=made).exists()
    assert not Extension.objects.filter(assignment__course=made).exists()
    assert [change.summary for change in CourseChange.objects.filter(course=made)] == [
        "The course was made from 70010-2026."
    ]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("slug", "70010-2026", "a course with the address 70010-2026 already"),
        ("slug", "no spaces", "letters, numbers"),
        ("academic_year", "2027", "2024-25"),
        ("academic_year", "2027-29", "after 2027 write 28"),
        ("first_week_on", dt.date(2028, 1, 11), "This day is a Tuesday"),
    ],
)
def test_refusal_names_the_field_and_what_to_do(
    course: Course, lecturer: User, field: str, value: object, words: str
) -> None:
    with pytest.raises(CourseRefusedError, match=words) as refused:
        copied(lecturer, course, **{field: value})
    assert list(refused.value.faults) == [field]
    assert Course.objects.filter(academic_year="2027-28").count() == 0


def test_course_without_weeks_has_no_dates_to_move(lecturer: User) -> None:
    bare = CourseFactory.create()
    own = EnrolmentFactory.create(course=bare, lecturer=True).user
    with pytest.raises(CourseRefusedError, match="no weeks"):
        copied(own, bare)


@pytest.mark.parametrize("role", ["student", "assistant"])
def test_only_editors_copy(course: Course, role: str) -> None:
    user = EnrolmentFactory.create(course=course, role=role).user
    with pytest.raises(PermissionDenied):
        copied(user, course)


def test_copy_of_a_copy_works(course: Course, lecturer: User) -> None:
    AssignmentFactory.create(course=course)
    first = copied(lecturer, course)
    second = copied(
        lecturer,
        first,
        slug="70010-2028",
        academic_year="2028-29",
        first_week_on=dt.date(2029, 1, 8),
    )
    assert second.assignments.get().revisions.get().number == 1
