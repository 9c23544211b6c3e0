"""The life of runs under every mixture of steps and crashes that hypothesis finds."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment
from formats.choices import Counting
from grading.models import GradingRun, Mark, MarkChange, QuestionResult, RunEvent
from grading.services import (
    Claim,
    cancel_run,
    claim_next,
    counting_run,
    enqueue_run,
    fail_try,
    finish_run,
    heartbeat,
    leases,
    release_run,
    rerun,
    sweep,
)
from grading.states import ACTIVE, TERMINAL, State
from grading.worker.progress import Progress
from runner.protocol.jobs import Verdict
from submissions.models import Submission
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    SubmissionFactory,
    hours,
)
from tests.grading.fakes import found, job_result


class CrashError(Exception):
    """The process died at this point."""


class LifeOfRuns(RuleBasedStateMachine):
    """Two students hand in; workers claim, finish, fail, freeze and die."""

    claims: Bundle[Claim] = Bundle("claims")

    assignment: Assignment
    students: list[User]

    def __init__(self) -> None:
        super().__init__()
        self.ended: dict[Any, tuple[object, ...]] = {}

    @initialize(counting=st.sampled_from(Counting.values))
    def begin(self, counting: str) -> None:
        for model in (MarkChange, Mark, QuestionResult, RunEvent, GradingRun):
            model.objects.all().delete()
        Submission.objects.all().delete()
        self.assignment = AssignmentFactory.create(counting=counting)
        course = self.assignment.course
        self.students = [EnrolmentFactory.create(course=course).user for _ in "ab"]

    # Actions of people.

    @rule(who=st.integers(0, 1))
    def submit(self, who: int) -> None:
        submission = SubmissionFactory.create(
            assignment=self.assignment, author=self.students[who], notebook=False
        )
        enqueue_run(actor=submission.author, submission=submission)

    @precondition(lambda self: GradingRun.objects.exists())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        cancel_run(actor=SYSTEM, run=self.any_run(data))

    @precondition(lambda self: GradingRun.objects.exists())
    @rule(data=st.data())
    def run_again(self, data: st.DataObject) -> None:
        rerun(actor=SYSTEM, submission=self.any_run(data).work)

    def any_run(self, data: st.DataObject) -> GradingRun:
        runs = GradingRun.objects.order_by("queued_at", "pk")
        return runs[data.draw(st.integers(0, runs.count() - 1))]

    # Actions of workers. A claim stays in the bundle for ever, so frozen workers that
    # have long lost their run do all of these too.

    @rule(target=claims)
    def claim(self) -> Any:
        claim = claim_next(worker="w", queues=["cpu"])
        return multiple() if claim is None else claim

    @rule(claim=claims)
    def beat(self, claim: Claim) -> None:
        held = self.is_held(claim)
        assert heartbeat(claim=claim, progress=Progress(cell=1)).held == held

    @rule(claim=claims, points=st.sampled_from([0.0, 0.5, 1.0]))
    def finish(self, claim: Claim, points: float) -> None:
        held, done = self.is_held(claim), self.is_done_by(claim)
        result = job_result(
            Verdict.COMPLETED, "completed", found("answer", check_answer=points)
        )
        assert finish_run(claim=claim, result=result) == (held or done)

    @rule(claim=claims)
    def stop_job(self, claim: Claim) -> None:
        held = self.is_held(claim)
        result = job_result(Verdict.CANCELLED, "cancelled", notebook="")
        assert finish_run(claim=claim, result=result) == held

    @rule(claim=claims, code=st.sampled_from(["runner_failed", "file_missing"]))
    def fail(self, claim: Claim, code: str) -> None:
        held = self.is_held(claim)
        assert fail_try(claim=claim, code=code) == held

    @rule(claim=claims)
    def give_back(self, claim: Claim) -> None:
        held = self.is_held(claim)
        assert release_run(claim=claim) == held

    @rule(
        claim=claims,
        point=st.sampled_from(["recompute_mark", "result_row", "_record"]),
    )
    def crash_while_finishing(self, claim: Claim, point: str) -> None:
        before = self.snapshot(claim)

        def die(*args: Any, **kwargs: Any) -> None:
            raise CrashError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(leases, point, die)
            try:
                finish_run(claim=claim, result=job_result())
            except CrashError:
                assert self.snapshot(claim) == before

    # Effects of time.

    @rule()
    def leases_run_out(self) -> None:
        GradingRun.objects.filter(state=State.RUNNING).update(
            lease_expires_at=hours(-1)
        )

    @rule()
    def sweep(self) -> None:
        gone = GradingRun.objects.with_expired_lease().count()
        assert sweep().expired == gone
        assert sweep().expired == 0

    # Invariants.

    def is_held(self, claim: Claim) -> bool:
        return GradingRun.objects.filter(
            pk=claim.run_id, state=State.RUNNING, lease_token=claim.token
        ).exists()

    def is_done_by(self, claim: Claim) -> bool:
        return GradingRun.objects.filter(
            pk=claim.run_id, state=State.FINISHED, lease_token=claim.token
        ).exists()

    def snapshot(self, claim: Claim) -> tuple[object, ...]:
        run = GradingRun.objects.get(pk=claim.run_id)
        return (run.state, run.events.count(), run.results.count())

    @invariant()
    def at_most_one_run_of_a_submission_is_active(self) -> None:
        active = GradingRun.objects.filter(state__in=ACTIVE)
        submissions = list(active.values_list("submission", flat=True))
        assert len(submissions) == len(set(submissions))

    @invariant()
    def what_has_ended_stays_as_it_is(self) -> None:
        now: dict[Any, tuple[object, ...]] = {
            run.pk: (run.state, run.verdict, run.code, run.automatic_points)
            for run in GradingRun.objects.filter(state__in=TERMINAL)
        }
        assert {pk: now.get(pk) for pk in self.ended} == self.ended
        self.ended = now

    @invariant()
    def every_step_has_one_event(self) -> None:
        for run in GradingRun.objects.prefetch_related("events"):
            steps = sorted(
                (event.pk, event.source, event.target)
                for event in run.events.all()
                if event.source != event.target
            )
            sources = [source for _, source, _ in steps]
            targets = [target for _, _, target in steps]
            assert sources == ["", *targets[:-1]]
            assert targets[-1] == run.state

    @invariant()
    def only_finished_runs_have_results(self) -> None:
        for run in GradingRun.objects.prefetch_related("results"):
            assert len(run.results.all()) == (run.state == State.FINISHED)
            assert run.platform_tries <= 3

    @invariant()
    def a_mark_is_that_of_the_run_that_counts(self) -> None:
        for student in getattr(self, "students", ()):
            counting = counting_run(self.assignment, student)
            mark = Mark.objects.filter(student=student).first()
            assert (mark.run if mark else None) == counting
            if mark is not None:
                assert mark.final_points == mark.changes.latest("pk").after

    def teardown(self) -> None:
        """Assert that everything ends if one worker works."""
        while GradingRun.objects.filter(state__in=ACTIVE).exists():
            self.leases_run_out()
            sweep()
            claim = claim_next(worker="w", queues=["cpu"])
            if claim is not None:
                assert finish_run(claim=claim, result=job_result())
        self.every_step_has_one_event()


@pytest.mark.django_db
def test_runs_obey_the_rules_whatever_happens() -> None:
    run_state_machine_as_test(
        LifeOfRuns,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
