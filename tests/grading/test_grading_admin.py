"""The admin shows runs and marks, and changes them only through services."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from grading.models import GradingRun, RunEvent
from tests.factories import (
    GradingRunFactory,
    MarkChangeFactory,
    QuestionResultFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

RUNS = reverse("admin:grading_gradingrun_changelist")


@pytest.fixture
def staff(client: Client) -> User:
    person = UserFactory.create(site_staff=True)
    client.force_login(person)
    return person


def act(client: Client, action: str, run: GradingRun) -> int:
    return client.post(
        RUNS, {"action": action, "_selected_action": [str(run.pk)]}
    ).status_code


def test_a_run_shows_its_history_and_results(client: Client, staff: User) -> None:
    run = QuestionResultFactory.create().run
    RunEvent.objects.create(run=run, source="running", target="finished")
    url = reverse("admin:grading_gradingrun_change", args=[run.pk])
    page = client.get(url)
    assert page.status_code == 200
    assert "check_answer" in page.content.decode()
    assert b'name="_save"' not in page.content


def test_a_mark_shows_its_changes(client: Client, staff: User) -> None:
    change = MarkChangeFactory.create(reason="Because of the appeal")
    page = client.get(reverse("admin:grading_mark_change", args=[change.mark.pk]))
    assert b"Because of the appeal" in page.content
    assert b'name="_save"' not in page.content


@pytest.mark.parametrize("model", ["gradingrun", "mark"])
def test_nothing_is_added_or_deleted_by_hand(
    client: Client, staff: User, model: str
) -> None:
    mark = MarkChangeFactory.create().mark
    pk = mark.run_id if model == "gradingrun" else mark.pk
    assert client.get(reverse(f"admin:grading_{model}_add")).status_code == 403
    url = reverse(f"admin:grading_{model}_delete", args=[pk])
    assert client.post(url, {"post": "yes"}).status_code == 403


def test_staff_run_work_again(client: Client, staff: User) -> None:
    stuck = GradingRunFactory.create(needs_staff=True)
    assert act(client, "run_again", stuck) == 302
    new = GradingRun.objects.get(state="queued")
    assert (new.submission, new.events.get().actor) == (stuck.submission, staff)


def test_staff_cancel_a_run(client: Client, staff: User) -> None:
    run = GradingRunFactory.create()
    act(client, "cancel", run)
    run.refresh_from_db()
    assert (run.state, run.events.get().actor) == ("cancelled", staff)


def test_people_who_may_only_view_cannot_run_actions(client: Client) -> None:
    looker = UserFactory.create(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_gradingrun"))
    client.force_login(looker)
    run = GradingRunFactory.create()
    act(client, "cancel", run)
    run.refresh_from_db()
    assert run.state == "queued"


def test_the_list_of_runs_gives_states_in_words(client: Client, staff: User) -> None:
    GradingRunFactory.create(finished=True)
    page = client.get(RUNS).content.decode()
    assert "Ran to the end" in page
