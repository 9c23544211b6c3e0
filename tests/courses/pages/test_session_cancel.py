"""A session is cancelled once, with a reason."""

import pytest
from django.test import Client

from courses.models import Session
from tests.courses.pages.staff_pages import at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("january")]


def test_cancelling_a_cancelled_session_says_so(
    lecturer: Client, session: Session
) -> None:
    url = at("session-cancel", session.course, session.pk)
    lecturer.post(url, {"reason": "ill"})
    answer = lecturer.post(url, {"reason": "very ill"})
    assert answer.status_code == 422
    assert "The session is cancelled already." in answer.content.decode()
    assert "very ill" in answer.content.decode()


def test_cancelling_leads_back(lecturer: Client, session: Session) -> None:
    url = at("session-cancel", session.course, session.pk)
    answer = lecturer.post(url, {"reason": "because"}, follow=True)
    assert answer.redirect_chain[-1][0] == at("manage", session.course)
    session.refresh_from_db()
    assert session.is_cancelled


def test_reason_is_required(lecturer: Client, session: Session) -> None:
    answer = lecturer.post(
        at("session-cancel", session.course, session.pk), {"reason": ""}
    )
    assert answer.status_code == 422
    assert "reason" in answer.context["form"].errors
