"""A cancelled session is restored, with a reason."""

import pytest
from django.test import Client

from courses.models import Session
from tests.courses.pages.staff_pages import at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("january")]


def test_cancel_and_restore_return_to_the_page(
    lecturer: Client, session: Session
) -> None:
    for verb, is_cancelled in (("cancel", True), ("restore", False)):
        url = at(f"session-{verb}", session.course, session.pk)
        answer = lecturer.post(url, {"reason": "because"}, follow=True)
        assert answer.redirect_chain[-1][0] == at("manage", session.course)
        session.refresh_from_db()
        assert session.is_cancelled is is_cancelled


def test_reason_is_required(lecturer: Client, session: Session) -> None:
    answer = lecturer.post(
        at("session-restore", session.course, session.pk), {"reason": ""}
    )
    assert answer.status_code == 422
    assert "reason" in answer.context["form"].errors
