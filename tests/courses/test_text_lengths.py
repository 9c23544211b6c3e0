"""Every text that is rendered as Markdown has a length limit, however it is entered."""

import re
from pathlib import Path
from typing import Final

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.validators import MaxLengthValidator
from django.db import models
from django.test import Client

from courses.forms.announcements import AnnouncementForm
from courses.models import Announcement, Course, Material, Week
from formats.lengths import MAX_MARKDOWN
from tests.courses.coursefiles import faults, small
from tests.factories import CourseFactory, MaterialFactory, UserFactory, WeekFactory

LONG: Final = "x" * (MAX_MARKDOWN + 1)
RENDERED: Final = re.compile(r"(\w+)\s*\|\s*markdown\b")


def fields() -> list[models.Field]:
    """Return our fields whose help says that they hold Markdown."""
    ours = [
        model
        for model in apps.get_models()
        if model.__module__.startswith(("courses.", "grading."))
    ]
    return [
        field
        for model in ours
        for field in model._meta.fields
        if "Markdown" in str(field.help_text)
    ]


def test_every_field_for_markdown_has_a_length() -> None:
    found = fields()
    assert len(found) >= 8
    for field in found:
        limits = [v for v in field.validators if isinstance(v, MaxLengthValidator)]
        (limit,) = [each.limit_value for each in limits]
        assert limit <= MAX_MARKDOWN, field


def test_every_text_that_templates_render_is_such_a_field() -> None:
    root = Path(settings.BASE_DIR) / "templates"
    rendered = {
        name
        for path in root.rglob("*.html")
        for name in RENDERED.findall(path.read_text())
    }
    # The text of an entry on the home page is an announcement's body or a change.
    assert rendered - {"detail"} <= {field.name for field in fields()}


@pytest.fixture
def site_staff(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory.create(site_staff=True))
    return client


def test_admin_refuses_a_longer_text(site_staff: Client) -> None:
    material = MaterialFactory.create(course=CourseFactory.create())
    path = f"/admin/courses/material/{material.pk}/change/"
    answer = site_staff.post(path, {"body": LONG, "description": LONG})
    assert {"body", "description"} <= set(answer.context["adminform"].errors)


def test_page_refuses_a_longer_announcement() -> None:
    form = AnnouncementForm({"title": "x", "body": LONG, "when": "now"})
    assert set(form.errors) == {"body"}


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Announcement, Course, Material, Week])
def test_model_refuses_a_longer_text(model: type[models.Model]) -> None:
    row = model()
    for field in fields():
        if field.model is model:
            setattr(row, field.name, LONG)
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    assert {f.name for f in fields() if f.model is model} <= set(
        refused.value.error_dict
    )


def test_table_refuses_a_longer_text(site_staff: Client) -> None:
    week = WeekFactory.create(course=CourseFactory.create())
    text = f"course,number,summary\n{week.course.slug},{week.number},{LONG}\n"
    file = SimpleUploadedFile("rows.csv", text.encode(), "text/csv")
    form = {"import_file": file, "format": "0", "resource": ""}
    answer = site_staff.post("/admin/courses/week/import/", form)
    assert answer.status_code == 200
    assert answer.context.get("confirm_form") is None


@pytest.mark.django_db
def test_course_file_refuses_a_longer_text(tmp_path: Path) -> None:
    said = faults(small(tmp_path, ("title: Signals", f"title: Signals, body: {LONG}")))
    assert "body" in said
