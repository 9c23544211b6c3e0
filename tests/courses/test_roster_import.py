"""Importing a roster does exactly what its plan says: all of it, or nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.exceptions import PermissionDenied

from accounts.actors import SYSTEM, Actor
from accounts.models import User
from courses.models import Course, CourseChange, Enrolment
from courses.services.enrolments import LastLecturerError
from courses.services.roster import (
    RosterChangedError,
    RosterImport,
    export_roster,
    import_roster,
    plan_roster,
)
from courses.services.roster_plan import Plan, Step
from formats.choices import Role
from formats.roster import MOST_ROWS, RosterError
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db
Limit = Callable[[int], AbstractContextManager[None]]


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def lecturer(course: Course) -> User:
    return EnrolmentFactory.create(course=course, lecturer=True).user


def plan(actor: Actor, course: Course, text: str, *, deactivate: bool = False) -> Plan:
    return plan_roster(
        actor=actor,
        course=course,
        content=text.encode(),
        deactivate_missing=deactivate,
    )


def load(
    actor: Actor,
    course: Course,
    text: str,
    *,
    deactivate: bool = False,
    digest: str = "",
) -> RosterImport:
    return import_roster(
        actor=actor,
        course=course,
        content=text.encode(),
        deactivate_missing=deactivate,
        digest=digest,
    )


def member(course: Course, email: str) -> Enrolment:
    return Enrolment.objects.get(course=course, user__email=email)


def steps(found: Plan) -> dict[str, Step]:
    return {change.email: change.step for change in found.changes}


def test_new_person_gets_an_account_that_cannot_sign_in_yet(
    course: Course, lecturer: User
) -> None:
    text = "email,first_name,last_name,login,module_code\n"
    done = load(lecturer, course, f"{text}Una@Example.org,Una,Byrne,ub26,97111\n")
    row = member(course, "una@example.org")
    assert (row.user.name, row.user.login) == ("Una Byrne", "ub26")
    assert (row.role, row.module_code, row.is_active) == ("student", "97111", True)
    assert not row.user.has_usable_password()
    assert not row.user.is_staff
    assert done.new_users == [row.user]


def test_existing_account_is_enrolled_and_keeps_its_name(
    course: Course, lecturer: User
) -> None:
    user = UserFactory.create(email="Una@example.org", login="old")
    name, password = user.name, user.password
    text = "email,first_name,last_name,login\nuna@example.org,Eve,Evil,new\n"
    (change,) = plan(lecturer, course, text).of(Step.ENROL)
    assert change.notes == ("The file says “Eve Evil”. The account's name stays.",)
    assert load(lecturer, course, text).new_users == []
    user.refresh_from_db()
    assert (user.name, user.login, user.password) == (name, "old", password)


def test_plan_tells_no_more_of_an_account_than_its_name(
    course: Course, lecturer: User
) -> None:
    user = UserFactory.create(login="secret-login", site_staff=True)
    EnrolmentFactory.create(user=user, assistant=True)
    (change,) = plan(lecturer, course, f"email\n{user.email}\n").of(Step.ENROL)
    assert (change.name, change.before, change.after) == (user.name, "", "Student")
    assert change.notes == ()
    assert "secret-login" not in str(change.facts())


def test_file_without_roles_and_codes_changes_nobody(
    course: Course, lecturer: User
) -> None:
    assistant = EnrolmentFactory.create(
        course=course, assistant=True, module_code="70010"
    )
    found = plan(lecturer, course, f"email\n{assistant.user.email}\n{lecturer.email}\n")
    assert set(steps(found).values()) == {Step.SAME}
    assert found.is_empty


def test_role_and_code_change_as_the_file_says(course: Course, lecturer: User) -> None:
    row = EnrolmentFactory.create(course=course)
    load(
        lecturer, course, f"email,role,module_code\n{row.user.email},assistant,97111\n"
    )
    row.refresh_from_db()
    assert (row.role, row.module_code) == ("assistant", "97111")


@pytest.mark.parametrize(
    ("cell", "role"), [("", "student"), ("assistant", "assistant")]
)
def test_people_who_return_are_students_unless_the_file_says_otherwise(
    course: Course, lecturer: User, cell: str, role: str
) -> None:
    row = EnrolmentFactory.create(course=course, lecturer=True, left=True)
    load(lecturer, course, f"email,role\n{row.user.email},{cell}\n")
    row.refresh_from_db()
    assert (row.role, row.is_active) == (role, True)


def test_people_missing_from_the_file_are_listed_and_stay(
    course: Course, lecturer: User
) -> None:
    row = EnrolmentFactory.create(course=course)
    text = "email\na@example.org\n"
    assert steps(plan(lecturer, course, text))[row.user.email] is Step.MISSING
    load(lecturer, course, text)
    row.refresh_from_db()
    assert row.is_active


def test_people_missing_from_the_file_leave_if_asked_for(
    course: Course, lecturer: User
) -> None:
    student = EnrolmentFactory.create(course=course)
    other = EnrolmentFactory.create(course=course, lecturer=True)
    elsewhere = EnrolmentFactory.create()
    load(lecturer, course, "email\na@example.org\n", deactivate=True)
    active = Enrolment.objects.active()
    assert student not in active
    assert {other, elsewhere, member(course, lecturer.email)} <= set(active)


def test_actor_missing_from_the_file_stays() -> None:
    staff = UserFactory.create(site_staff=True)
    row = EnrolmentFactory.create(user=staff)
    load(staff, row.course, "email\na@example.org\n", deactivate=True)
    row.refresh_from_db()
    assert row.is_active


def test_nobody_changes_their_own_role_by_a_file(
    course: Course, lecturer: User
) -> None:
    found = plan(lecturer, course, f"email,role\n{lecturer.email},student\n")
    (change,) = found.changes
    assert change.step is Step.SAME
    assert "Another lecturer" in change.notes[0]


def test_import_cannot_remove_the_last_lecturer(course: Course, lecturer: User) -> None:
    with pytest.raises(LastLecturerError):
        load(SYSTEM, course, f"email,role\nx@example.org,\n{lecturer.email},student\n")
    assert member(course, lecturer.email).role == Role.LECTURER
    assert not User.objects.filter(email="x@example.org").exists()


def test_change_after_the_preview_is_refused(course: Course, lecturer: User) -> None:
    row = EnrolmentFactory.create(course=course)
    text = f"email,role\n{row.user.email},assistant\n"
    digest = plan(lecturer, course, text).digest
    Enrolment.objects.filter(pk=row.pk).update(is_active=False)
    with pytest.raises(RosterChangedError):
        load(lecturer, course, text, digest=digest)
    row.refresh_from_db()
    assert row.role == "student"


def test_account_created_after_the_preview_is_refused(
    course: Course, lecturer: User
) -> None:
    text = "email\na@example.org\n"
    digest = plan(lecturer, course, text).digest
    UserFactory.create(email="a@example.org")
    with pytest.raises(RosterChangedError):
        load(lecturer, course, text, digest=digest)


def test_box_ticked_after_the_preview_is_refused(
    course: Course, lecturer: User
) -> None:
    text = "email\na@example.org\n"
    digest = plan(lecturer, course, text).digest
    with pytest.raises(RosterChangedError):
        load(lecturer, course, text, digest=digest, deactivate=True)


def test_same_file_again_changes_nothing(course: Course, lecturer: User) -> None:
    text = "email,first_name,role,module_code\na@example.org,Ann,assistant,70010\n"
    load(lecturer, course, text)
    assert plan(lecturer, course, text).is_empty
    count = CourseChange.objects.count()
    load(lecturer, course, text)
    assert CourseChange.objects.count() == count


def test_file_with_a_fault_does_nothing(course: Course, lecturer: User) -> None:
    with pytest.raises(RosterError):
        load(lecturer, course, "email\na@example.org\nnobody\n")
    assert not User.objects.filter(email="a@example.org").exists()


def test_import_and_every_change_of_staff_are_recorded(
    course: Course, lecturer: User
) -> None:
    row = EnrolmentFactory.create(course=course, assistant=True)
    text = f"email,role\n{row.user.email},student\nnew@example.org,lecturer\n"
    load(lecturer, course, f"{text}other@example.org,\n")
    found = {
        (change.kind, change.before, change.after)
        for change in CourseChange.objects.filter(course=course)
    }
    assert found == {
        ("roster", "", ""),
        ("role", "Teaching assistant", "Student"),
        ("role", "", "Lecturer"),
    }
    assert not CourseChange.objects.filter(is_public=True).exists()
    assert {c.made_by for c in CourseChange.objects.all()} == {lecturer}


@pytest.mark.parametrize("role", [Role.STUDENT, Role.ASSISTANT])
def test_roster_is_for_editors(course: Course, role: Role) -> None:
    user = EnrolmentFactory.create(course=course, role=role).user
    for act in (plan, load):
        with pytest.raises(PermissionDenied):
            act(user, course, "email\na@example.org\n")
    with pytest.raises(PermissionDenied):
        export_roster(actor=user, course=course)


def test_export_imported_again_changes_nothing(course: Course, lecturer: User) -> None:
    user = UserFactory.create(email="+x@example.org", first_name="=1+1")
    EnrolmentFactory.create(course=course, user=user, module_code="97111")
    EnrolmentFactory.create(course=course, assistant=True)
    EnrolmentFactory.create(course=course, left=True)
    text = export_roster(actor=lecturer, course=course)
    assert "'=1+1" in text
    found = plan(lecturer, course, text, deactivate=True)
    assert set(steps(found).values()) == {Step.SAME}
    assert all(change.notes == () for change in found.changes)
    assert CourseChange.objects.get().kind == CourseChange.Kind.ROSTER


def test_three_hundred_people_take_few_queries(
    course: Course, lecturer: User, assert_max_queries: Limit
) -> None:
    there = EnrolmentFactory.create_batch(40, course=course)
    lines = [f"p{n}@example.org,P,{n},p{n},student,70010" for n in range(300)]
    lines += [f"{row.user.email},,,,,97111" for row in there]
    text = "\n".join(["email,first_name,last_name,login,role,module_code", *lines])
    with assert_max_queries(4):
        plan(lecturer, course, text)
    # SQLite takes 999 values in a query, so a few hundred rows need several.
    with assert_max_queries(24):
        load(lecturer, course, text, deactivate=True)
    assert course.enrolments.filter(role=Role.STUDENT).count() == 340
    assert MOST_ROWS >= 300
