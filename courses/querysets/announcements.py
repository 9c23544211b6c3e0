"""Announcements on top of pages, and the claims of workers that mail them."""

import datetime as dt
from typing import TYPE_CHECKING, Final, Self

from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from courses.querysets.content import ContentQuerySet

if TYPE_CHECKING:
    from courses.models import Announcement

# How long an announcement without an end stays at the top of pages.
ANNOUNCED_FOR: Final = dt.timedelta(days=14)
# A worker's claim on mails ends after this long without a renewal.
CLAIMED_FOR: Final = dt.timedelta(minutes=5)


class AnnouncementQuerySet(ContentQuerySet["Announcement"]):
    """Announcements of a course."""

    def current(self, now: dt.datetime) -> Self:
        """Return the announcements that are at the top of pages now."""
        recent = Q(ends_at__isnull=True) & (
            Q(is_pinned=True) | Q(release_at__gt=now - ANNOUNCED_FOR)
        )
        return self.filter(Q(ends_at__gt=now) | recent, release_at__lte=now).order_by(
            "-is_pinned", "-release_at"
        )

    def due_for_mailing(self, now: dt.datetime) -> Self:
        """Return announcements whose mails are due and that no worker is sending."""
        return self._mailable(now).filter(_unclaimed(now))

    def _mailable(self, now: dt.datetime) -> Self:
        """Return published announcements that are mailed. A draft is not published."""
        return self.filter(
            is_mailed=True, release_at__lte=now, course__release_at__lte=now
        )

    def claim_mails(self, pk: int, now: dt.datetime) -> dt.datetime | None:
        """Claim one announcement's mails; return the claim's end, or None if refused.

        Until then no other worker sends them. Pass the time on to `renew_mail_claim`.
        """
        until = timezone.now() + CLAIMED_FOR
        out = self._mailable(now).order_by().values("pk")
        # Not in the inner query: a call that waited for the lock must check again.
        free = self.filter(_unclaimed(now), pk=pk, pk__in=out)
        begun = Coalesce("mailed_at", Value(now))
        return until if free.update(mailed_at=begun, mailing_until=until) else None

    def renew_mail_claim(
        self, pk: int, claim: dt.datetime, now: dt.datetime, **done: int
    ) -> dt.datetime | None:
        """Renew the claim and store what is `done`; return its new end, or None.

        None: another worker has the claim, or the announcement is not to be mailed now.
        """
        until = timezone.now() + CLAIMED_FOR
        out = self._mailable(now).order_by().values("pk")
        held = self.filter(pk=pk, mailing_until=claim, pk__in=out)
        return until if held.update(mailing_until=until, **done) else None

    def give_back_mail_claim(self, pk: int, claim: dt.datetime) -> None:
        """End the claim, so that the next try sends the mails that are left."""
        held = self.filter(pk=pk, mailing_until=claim)
        if not held.filter(mailed_up_to=0).update(mailed_at=None, mailing_until=None):
            held.update(mailing_until=timezone.now())

    def finish_mailing(self, pk: int, claim: dt.datetime) -> bool:
        """Mark all mails as sent; return whether the claim still held."""
        held = self.filter(pk=pk, mailing_until=claim)
        return held.update(mailing_until=None) == 1


def _unclaimed(now: dt.datetime) -> Q:
    """Match mailings that have not begun, or whose claim was given back or ran out."""
    return Q(mailed_at__isnull=True) | Q(mailing_until__lte=now)
