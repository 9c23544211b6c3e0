"""A course in January 2027, with a session and a lecturer, for tests of pages."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client

from courses.models import Course, Session
from formats.choices import Role
from tests.courses.pages.staff_pages import NINE, NOW, client_of
from tests.factories import CourseFactory, SessionFactory, WeekFactory


@pytest.fixture
def january() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def course() -> Course:
    return CourseFactory.create(slug="70010", academic_year="2026-27")


@pytest.fixture
def session(course: Course) -> Session:
    week = WeekFactory.create(course=course, number=5, starts_on=dt.date(2027, 2, 1))
    return SessionFactory.create(course=course, week=week, starts_at=NINE)


@pytest.fixture
def lecturer(course: Course) -> Client:
    return client_of(course, Role.LECTURER)
