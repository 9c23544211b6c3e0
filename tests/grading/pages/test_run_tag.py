"""While nothing is new, a live run page is answered by its signed tag alone."""

from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from grading.models import GradingRun
from grading.pages.run_tag import MAX_AGE_SECONDS, RunTag, row_of
from grading.states import State
from tests.factories import (
    GradingRunFactory,
    SelfCheckFactory,
    SelfCheckRunFactory,
    hours,
)
from tests.grading.pages import Answer, signed_in, student_of

pytestmark = pytest.mark.django_db

PROGRESS = {"cell": 1, "cells": 3, "tail": "", "questions": [], "is_checking": False}


def ask(client: Client, run: GradingRun, tag: str = "") -> Answer:
    headers = {"If-None-Match": tag} if tag else {}
    return client.get(f"{run.get_absolute_url()}status/", headers=headers)


@pytest.mark.parametrize(("trait", "queries"), [("queued", 2), ("running", 1)])
def test_an_unchanged_run_costs_one_row_and_one_place(
    trait: str, queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    run = GradingRunFactory.create(**({} if trait == "queued" else {trait: True}))
    client = signed_in(run.work.author)
    tag = ask(client, run)["ETag"]
    with django_assert_num_queries(queries):
        answer = ask(client, run, tag)
    assert (answer.status_code, answer["ETag"]) == (304, tag)


@pytest.mark.parametrize(
    "change",
    [
        {"cancel_requested_at": hours(0)},
        {"progress": PROGRESS | {"cell": 2}},
        {"progress": PROGRESS | {"tail": "epoch 2"}},
        {"progress": PROGRESS | {"is_checking": True}},
        {"lease_token": 9},
    ],
    ids=["cancelled", "cell", "output", "checking", "claimed again"],
)
def test_each_change_of_the_row_outdates_the_tag(change: dict[str, Any]) -> None:
    run = GradingRunFactory.create(running=True, progress=PROGRESS)
    before = row_of(run.pk)
    GradingRun.objects.filter(pk=run.pk).update(**change)
    assert row_of(run.pk) != before


def test_a_run_that_waits_after_a_fault_is_looked_at_again_when_its_time_comes() -> (
    None
):
    run = GradingRunFactory.create(put_back_count=1, not_before=hours(1))
    before = row_of(run.pk)
    with time_machine.travel(hours(2)):
        assert row_of(run.pk) != before


def test_the_tag_is_of_use_to_nobody_else() -> None:
    run = GradingRunFactory.create()
    tag = ask(signed_in(run.work.author), run)["ETag"]
    classmate = signed_in(student_of(run.work.assignment))
    assert ask(classmate, run, tag).status_code == 404
    assert ask(Client(), run, tag).status_code == 302


def test_the_tag_of_another_run_says_nothing() -> None:
    run = GradingRunFactory.create()
    client = signed_in(run.work.author)
    other = GradingRunFactory.create()
    assert ask(client, other, ask(client, run)["ETag"]).status_code == 404


def test_a_tag_expires_and_is_renewed() -> None:
    run = GradingRunFactory.create(running=True)
    client = signed_in(run.work.author)
    tag = ask(client, run)["ETag"]
    later = hours((MAX_AGE_SECONDS + 1) / 3600)
    with time_machine.travel(later), CaptureQueriesContext(connection) as queries:
        answer = ask(client, run, tag)
        assert len(queries) > 2
        assert answer.status_code == 304
        assert answer["ETag"] != tag
        assert ask(client, run, answer["ETag"])["ETag"] == answer["ETag"]


def test_nothing_is_signed_while_checks_are_made() -> None:
    """The time of an answer would tell a student that a hidden check has ended."""
    progress = PROGRESS | {"is_checking": True}
    run = GradingRunFactory.create(running=True, progress=progress)
    client = signed_in(run.work.author)
    tag = ask(client, run)["ETag"]
    assert tag.strip('"').endswith("-")
    assert ask(client, run, tag).status_code == 304


def test_the_tag_does_not_depend_on_what_a_question_has_given() -> None:
    run = GradingRunFactory.create(running=True, progress=PROGRESS)
    before = row_of(run.pk)
    given = {"key": "q1", "outcome": "passed", "seconds": 1, "checks": []}
    progress = PROGRESS | {"questions": [given]}
    GradingRun.objects.filter(pk=run.pk).update(progress=progress)
    assert row_of(run.pk) == before


def test_a_change_while_the_page_was_made_outdates_its_tag() -> None:
    run = GradingRunFactory.create()
    client = signed_in(run.work.author)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    row = row_of(run.pk)
    GradingRun.objects.transition(
        run_id=run.pk, source=State.QUEUED, target=State.CANCELLED
    )
    now = hours(0)
    tag = RunTag.made("shown", run_id=run.pk, session_key=key, row=row, now=now)
    assert not tag.is_current(run_id=run.pk, session_key=key, now=now)


@pytest.mark.parametrize(
    "sent", ["", "a", "a-b", "a-1", "a-1-", "a-1-b", "a-٣-b", "-", f"a-{'9' * 5000}-b"]
)
def test_a_tag_that_the_portal_has_not_written_changes_nothing(sent: str) -> None:
    run = GradingRunFactory.create()
    client = signed_in(run.work.author)
    assert ask(client, run, f'"{sent}"').status_code == 200


@pytest.mark.parametrize(("ahead", "is_news"), [(1, True), (25, False)])
def test_only_a_place_near_the_front_is_news(ahead: int, *, is_news: bool) -> None:
    earlier = GradingRunFactory.create_batch(ahead, queued_at=hours(-1))
    run = GradingRunFactory.create(queued_at=hours(0))
    before = row_of(run.pk)
    GradingRun.objects.transition(
        run_id=earlier[0].pk, source=State.QUEUED, target=State.CANCELLED
    )
    assert (row_of(run.pk) != before) is is_news


@pytest.mark.parametrize(("trait", "queries"), [("queued", 2), ("running", 1)])
def test_an_unchanged_self_check_costs_as_little(
    trait: str, queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    check, other = SelfCheckFactory.create_batch(2)
    run = SelfCheckRunFactory.create(
        self_check=check, **({} if trait == "queued" else {trait: True})
    )
    client = signed_in(check.author)
    status = f"{check.get_absolute_url()}status/"
    tag = client.get(status)["ETag"]
    sent = {"If-None-Match": tag}
    with django_assert_num_queries(queries):
        assert client.get(status, headers=sent).status_code == 304
    classmate = signed_in(student_of(check.assignment))
    assert classmate.get(status, headers=sent).status_code == 404
    # A tag is of no use once the row has changed, or for another check.
    GradingRun.objects.filter(pk=run.pk).update(lease_token=9)
    SelfCheckRunFactory.create(self_check=other)
    for each in (status, f"{other.get_absolute_url()}status/"):
        with CaptureQueriesContext(connection) as made:
            client.get(each, headers=sent)
        assert len(made) > queries
