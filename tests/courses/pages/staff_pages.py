"""Clients, addresses and uploads for tests of the staff's pages."""

import datetime as dt
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from courses.models import Course
from formats.choices import Role
from tests.factories import EnrolmentFactory, UserFactory

NINE = dt.datetime(2027, 2, 5, 9, tzinfo=dt.UTC)
NOW = dt.datetime(2027, 1, 20, 12, tzinfo=dt.UTC)


def client_of(course: Course, role: Role) -> Client:
    user = UserFactory.create()
    EnrolmentFactory.create(course=course, user=user, role=role)
    client = Client()
    client.force_login(user)
    return client


def at(name: str, course: Course, *args: Any) -> str:
    return reverse(f"courses:{name}", args=[course.slug, *args])


def upload(page: Client, address: str, name: str, content: bytes) -> Any:
    file = SimpleUploadedFile(name, content)
    form = {"file": file, "academic_year": "2024-25"}
    return page.post(address, form)
