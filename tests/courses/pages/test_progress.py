"""Which materials a person has seen, which are new, and which are ticked."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import CourseVisit, Material, Progress
from courses.services.reading_progress import new_since, note_visit, set_tick
from tests.factories import EnrolmentFactory, MaterialFactory, WeekFactory, hours

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2027, 1, 20, 12, 0, tzinfo=dt.UTC)


def ago(minutes: float) -> dt.datetime:
    return NOW - dt.timedelta(minutes=minutes)


@pytest.fixture
def material() -> Material:
    week = WeekFactory.create()
    return MaterialFactory.create(
        course=week.course, week=week, url="https://example.org/"
    )


@pytest.fixture
def student(material: Material) -> User:
    return EnrolmentFactory.create(course=material.course).user


def visit(student: User, material: Material, now: dt.datetime) -> CourseVisit:
    found = CourseVisit.objects.filter(user=student, course=material.course).first()
    note_visit(
        actor=student,
        course=material.course,
        seen_at=found.seen_at if found else None,
        now=now,
    )
    return CourseVisit.objects.get(user=student, course=material.course)


def test_first_visit_is_recorded_and_nothing_is_new(
    student: User, material: Material
) -> None:
    noted = visit(student, material, NOW)
    assert (noted.seen_at, noted.previous_at) == (NOW, None)
    assert new_since(None, None, NOW) is None


def test_looks_within_half_an_hour_are_one_visit(
    student: User, material: Material
) -> None:
    visit(student, material, ago(40))
    visit(student, material, ago(20))
    noted = visit(student, material, NOW)
    assert (noted.seen_at, noted.previous_at) == (NOW, None)


def test_new_visit_keeps_the_end_of_the_one_before(
    student: User, material: Material
) -> None:
    visit(student, material, ago(600))
    noted = visit(student, material, NOW)
    assert (noted.seen_at, noted.previous_at) == (NOW, ago(600))


def test_a_visit_is_written_once_in_five_minutes(
    student: User, material: Material
) -> None:
    visit(student, material, ago(4))
    assert visit(student, material, NOW).seen_at == ago(4)


def test_new_stays_new_for_the_whole_visit() -> None:
    assert new_since(ago(600), None, NOW) == ago(600)
    assert new_since(ago(1), ago(600), NOW) == ago(600)


def test_page_marks_items_added_since_the_last_visit(
    client: Client, student: User, material: Material
) -> None:
    client.force_login(student)
    address = material.course.get_absolute_url()
    assert "Since your last visit" not in client.get(address).content.decode()
    CourseVisit.objects.update(seen_at=hours(-200))
    assert "1 new" in client.get(address).content.decode()


def test_replaced_file_is_new_again(
    client: Client, student: User, material: Material
) -> None:
    CourseVisit.objects.create(course=material.course, user=student, seen_at=hours(-48))
    client.force_login(student)
    address = material.course.get_absolute_url()
    assert "1 new" not in client.get(address).content.decode()
    CourseVisit.objects.update(seen_at=hours(-48), previous_at=None)
    material.replaced_at = timezone.now()
    material.save()
    assert "1 new" in client.get(address).content.decode()


def test_tick_twice_is_one_tick_and_can_be_taken_back(
    student: User, material: Material
) -> None:
    set_tick(actor=student, material=material, is_done=True)
    set_tick(actor=student, material=material, is_done=True)
    assert Progress.objects.count() == 1
    set_tick(actor=student, material=material, is_done=False)
    set_tick(actor=student, material=material, is_done=False)
    assert not Progress.objects.exists()


def test_ticks_are_counted_for_each_person(
    client: Client, student: User, material: Material
) -> None:
    classmate = EnrolmentFactory.create(course=material.course).user
    set_tick(actor=classmate, material=material, is_done=True)
    client.force_login(student)
    address = material.course.get_absolute_url()
    assert "0 of 1 done" in client.get(address).content.decode()
    where = reverse("courses:progress", args=[material.course.slug])
    answer = client.post(where, {"done": material.key}, follow=True)
    assert "1 of 1 done" in answer.content.decode()
    assert answer.redirect_chain[0][0].endswith(f"#material-{material.key}")


def test_htmx_request_gets_only_the_tick(
    client: Client, student: User, material: Material
) -> None:
    client.force_login(student)
    where = reverse("courses:progress", args=[material.course.slug])
    answer = client.post(
        where, {"done": material.key}, headers={"HX-Request": "true"}
    ).content.decode()
    assert answer.strip().startswith("<button")
    assert 'aria-pressed="true"' in answer


def test_material_that_cannot_be_opened_cannot_be_ticked(
    client: Client, student: User, material: Material
) -> None:
    material.opens_at = hours(5)
    material.save()
    client.force_login(student)
    where = reverse("courses:progress", args=[material.course.slug])
    assert client.post(where, {"done": material.key}).status_code == 404
    assert client.post(where, {}).status_code == 404
