"""The admin shows which marks extra time would change before it stores or deletes it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from django.urls import reverse

from courses.models import Accommodation, Assignment, Extension
from grading.models import Mark
from tests.factories import EnrolmentFactory, UserFactory, hours
from tests.grading.pages import signed_in, words
from tests.grading.test_late_marks import attempt, make_assignment, marked

pytestmark = pytest.mark.django_db
Fields = Callable[[Assignment], dict[str, Any]]


def of_extension(assignment: Assignment) -> dict[str, Any]:
    due_at = hours(24)
    moment = {"due_at_0": f"{due_at:%Y-%m-%d}", "due_at_1": f"{due_at:%H:%M}"}
    return {"assignment": assignment.pk, "reason": "ill", **moment}


def of_accommodation(assignment: Assignment) -> dict[str, Any]:
    return {"hours": 0, "percent": 25, "reason": "ill", "course": assignment.course.pk}


@pytest.mark.parametrize(
    ("model", "name", "fields"),
    [
        (Extension, "extension", of_extension),
        (Accommodation, "accommodation", of_accommodation),
    ],
)
def test_marks_that_would_change_are_shown_first(
    model: Any, name: str, fields: Fields
) -> None:
    assignment = make_assignment(release_at=hours(-148))
    student = EnrolmentFactory.create(course=assignment.course).user
    attempt(assignment, student, "75", 20)
    marked(assignment, student)
    site_staff = signed_in(UserFactory.create(site_staff=True))
    add = reverse(f"admin:courses_{name}_add")
    form = {**fields(assignment), "student": student.pk}
    answer = site_staff.post(add, form)
    assert "Marks that would change" in words(answer)
    assert not model.objects.exists()
    plan = answer.context["adminform"].form.plan
    assert f'name="seen" value="{plan.digest}"' in answer.content.decode()
    assert site_staff.post(add, {**form, "seen": plan.digest}).status_code == 302
    assert Mark.objects.get().final_points == 75

    row = model.objects.get()
    # What changes nothing is stored at once.
    change = reverse(f"admin:courses_{name}_change", args=[row.pk])
    assert site_staff.post(change, {**form, "reason": "other"}).status_code == 302
    delete = reverse(f"admin:courses_{name}_delete", args=[row.pk])
    check_deleting(site_staff, delete, {"post": "yes"})
    assert Mark.objects.get().final_points == 75
    listed = reverse(f"admin:courses_{name}_changelist")
    chosen = {"action": "delete_selected", ACTION_CHECKBOX_NAME: row.pk}
    answer = site_staff.post(listed, chosen)
    site_staff.post(listed, {**chosen, "post": "yes"})
    assert model.objects.exists()
    seen = {"post": "yes", "seen": answer.context["plan"].digest}
    site_staff.post(listed, {**chosen, **seen})
    assert not model.objects.exists()
    assert Mark.objects.get().final_points == 40


def check_deleting(site_staff: Client, url: str, form: dict[str, str]) -> None:
    """Check that nothing is deleted before somebody has seen what it would change."""
    answer = site_staff.post(url, form, follow=True)
    assert "Marks that would change" in words(answer)
    assert answer.context["plan"].digest
