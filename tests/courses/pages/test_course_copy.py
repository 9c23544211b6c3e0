"""The copy of a course is proposed for next year, and faults are said at their field."""

import datetime as dt

import pytest
from django.test import Client

from courses.models import Course, Session
from tests.courses.pages.staff_pages import at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("january")]


def test_copy_form_proposes_next_year(lecturer: Client, session: Session) -> None:
    form = lecturer.get(at("course-copy", session.course)).context["form"]
    assert form.initial == {
        "academic_year": "2027-28",
        "slug": "70010-2027-28",
        "first_week_on": dt.date(2028, 1, 31),
    }


def test_copying_leads_to_the_copy_s_page(lecturer: Client, session: Session) -> None:
    url = at("course-copy", session.course)
    form = lecturer.get(url).context["form"].initial
    answer = lecturer.post(url, form, follow=True)
    made = Course.objects.get(slug="70010-2027-28")
    assert answer.redirect_chain[-1][0] == at("manage", made)
    assert made.sessions.count() == 1


def test_refused_copy_says_why_at_the_field(lecturer: Client, session: Session) -> None:
    url = at("course-copy", session.course)
    form = {"academic_year": "2027-28", "slug": "70010", "first_week_on": "2028-02-02"}
    answer = lecturer.post(url, form)
    assert answer.status_code == 422
    assert "This day is a Wednesday. Give a Monday." in answer.content.decode()
    answer = lecturer.post(url, {**form, "first_week_on": "2028-01-31"})
    assert "There is a course with the address 70010 already" in answer.content.decode()
    assert 'value="2027-28"' in answer.content.decode()
