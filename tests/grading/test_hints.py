"""A hint only wakes a worker: what happens to it is of no consequence."""

import time

import pytest
from celery import current_app

from grading.hints import TASK, send_hint
from grading.models import GradingRun
from grading.tasks import execute_run
from tests.factories import GradingRunFactory

pytestmark = pytest.mark.django_db


def test_the_hint_names_the_task_that_there_is() -> None:
    assert execute_run.name == TASK
    assert TASK in current_app.tasks


def test_without_a_broker_the_hint_is_given_up_fast() -> None:
    run = GradingRunFactory.create()
    began = time.monotonic()
    send_hint(run.pk)
    assert time.monotonic() - began < 1
    assert GradingRun.objects.get().state == "queued"


def test_a_run_that_is_not_queued_is_not_hinted() -> None:
    run = GradingRunFactory.create(finished=True)
    send_hint(run.pk)
    run.refresh_from_db()
    assert run.hinted_at is None
