"""What each person sees of runs and marks, and how a run changes state."""

from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from courses.models import Course
from grading.states import EDGES, TERMINAL, State

if TYPE_CHECKING:
    from accounts.models import User
    from grading.models import GradingRun, Mark


class GradingRunQuerySet(models.QuerySet["GradingRun"]):
    def visible_to(self, user: "User") -> Self:
        """Runs of the person's own work, and all runs of courses that they staff."""
        if user.is_superuser:
            return self
        course = "submission__assignment__course"
        staffed = Course.objects.staffed_by(user).filter(pk=OuterRef(course))
        visible = Course.objects.visible_to(user).filter(pk=OuterRef(course))
        return self.filter(
            Exists(staffed) | (Q(submission__author=user) & Exists(visible))
        )

    def queued(self) -> Self:
        """Runs waiting for a worker, in the order in which they are taken."""
        return self.filter(state=State.QUEUED).order_by("-priority", "queued_at", "pk")

    def transition(
        self,
        *,
        run_id: UUID,
        source: State,
        target: State,
        lease_token: int | None = None,
        actor: "User | None" = None,
        code: str = "",
        detail: dict[str, Any] | None = None,
        **fields: Any,
    ) -> bool:
        """Move one run along an allowed edge and write its event row.

        False if another got there first: the run is no longer in `source`, or the
        lease token is no longer the caller's. Raises ValueError on a forbidden edge.
        """
        from grading.models import RunEvent  # noqa: PLC0415  models import this module

        if (source, target) not in EDGES:
            raise ValueError(f"A run may not go from {source} to {target}.")
        held = {} if lease_token is None else {"lease_token": lease_token}
        if target != State.RUNNING:
            fields.setdefault("lease_expires_at", None)
        if target in TERMINAL:
            fields.setdefault("finished_at", Now())
        with transaction.atomic():
            changed = self.filter(pk=run_id, state=source, **held).update(
                state=target, **fields
            )
            if changed:
                RunEvent.objects.create(
                    run_id=run_id,
                    source=source,
                    target=target,
                    lease_token=lease_token or 0,
                    actor=actor,
                    code=code,
                    detail=detail or {},
                )
        return bool(changed)


class MarkQuerySet(models.QuerySet["Mark"]):
    def visible_to(self, user: "User") -> Self:
        """The person's own marks, and all marks of courses that they staff."""
        if user.is_superuser:
            return self
        staffed = Course.objects.staffed_by(user).filter(
            pk=OuterRef("assignment__course")
        )
        visible = Course.objects.visible_to(user).filter(
            pk=OuterRef("assignment__course")
        )
        return self.filter(Exists(staffed) | (Q(student=user) & Exists(visible)))
