"""A state changes along an allowed edge, once, and only for the token's holder."""

import itertools
from typing import Any

import pytest
from django.db.models import Q

from grading.models import GradingRun
from grading.services import claim_next, fail_try, finish_run
from grading.states import EDGES, TERMINAL, State
from tests.factories import GradingRunFactory, hours
from tests.grading.fakes import claim_of, job_result, just_before_transition

pytestmark = pytest.mark.django_db


def finish(run: GradingRun, **conditions: Any) -> bool:
    return GradingRun.objects.transition(
        run_id=run.pk,
        source=State.RUNNING,
        target=State.FINISHED,
        verdict="completed",
        **conditions,
    )


@pytest.mark.parametrize(
    ("source", "target"),
    [edge for edge in itertools.product(State, State) if edge not in EDGES],
)
def test_a_transition_without_an_edge_is_an_error(source: State, target: State) -> None:
    run = GradingRunFactory.create()
    with pytest.raises(ValueError, match="may not go"):
        GradingRun.objects.transition(run_id=run.pk, source=source, target=target)


def test_a_final_state_has_no_way_out() -> None:
    assert not [source for source, _ in EDGES if source in TERMINAL]


def test_a_run_in_another_state_does_not_change() -> None:
    run = GradingRunFactory.create()
    assert not finish(run)
    run.refresh_from_db()
    assert (run.state, run.events.count()) == ("queued", 0)


def test_another_token_changes_nothing() -> None:
    run = GradingRunFactory.create(running=True, lease_token=2)
    assert not finish(run, lease_token=1)
    assert not finish(run, condition=Q(lease_expires_at__lt=hours(-1)))
    assert finish(run, lease_token=2)


def test_a_result_that_loses_a_race_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = GradingRunFactory.create(running=True)
    just_before_transition(
        monkeypatch, lambda: GradingRun.objects.update(lease_token=2)
    )
    assert not finish_run(claim=claim_of(run), result=job_result())
    run.refresh_from_db()
    assert (run.state, run.results.count()) == ("running", 0)


def test_no_two_claims_have_the_same_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a claim and its release, the run's row looks the same as before."""
    GradingRunFactory.create()
    tokens = []

    def come_and_go() -> None:
        claim = claim_next(worker="quick", queues=["cpu"])
        assert claim is not None
        tokens.append(claim.token)
        fail_try(claim=claim, code="runner_failed")

    just_before_transition(monkeypatch, come_and_go)
    claim = claim_next(worker="slow", queues=["cpu"])
    assert claim is not None
    assert [*tokens, claim.token] == [1, 2]
