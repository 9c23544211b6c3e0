"""The page of a person's own account."""

import pytest
from django.test import Client

from tests.factories import CourseFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db
PROFILE = "/account/"


def test_profile_names_the_person_and_their_courses() -> None:
    enrolment = EnrolmentFactory.create(course__title="Deep Learning")
    client = Client()
    client.force_login(enrolment.user)
    page = client.get(PROFILE).content.decode()
    assert enrolment.user.email in page
    assert "Deep Learning" in page


def test_profile_leaves_out_courses_that_one_has_left() -> None:
    enrolment = EnrolmentFactory.create(left=True, course__title="Long Ago")
    client = Client()
    client.force_login(enrolment.user)
    assert "Long Ago" not in client.get(PROFILE).content.decode()


def test_profile_leaves_out_courses_that_are_still_hidden() -> None:
    course = CourseFactory.create(hidden=True, title="Not Yet")
    enrolment = EnrolmentFactory.create(course=course)
    client = Client()
    client.force_login(enrolment.user)
    assert "Not Yet" not in client.get(PROFILE).content.decode()


def test_signed_out_visitor_is_asked_to_sign_in() -> None:
    answer = Client().get(PROFILE)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")
