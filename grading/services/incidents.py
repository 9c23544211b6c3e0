"""Incidents: opened and closed by what a check finds, and mailed to site staff once.

Several checks may run at the same time: each step is one conditional write. The times
are those of the database's clock.
"""

from collections.abc import Mapping, Sequence
from smtplib import SMTPException
from typing import Final

import structlog
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.template.loader import render_to_string

from accounts.actors import Actor
from accounts.models import User
from grading.models import Incident
from grading.querysets import from_now

log = structlog.get_logger(__name__)

# A problem that returns within this time is the same incident, and is not mailed again.
REOPENED_SECONDS: Final = 1800
# A problem that goes away within this time is not mailed.
MAIL_AFTER_SECONDS: Final = 45


def record_incidents(*, actor: Actor, problems: Mapping[str, str]) -> None:
    """Open incidents of problems that are new, and close those that are over.

    `problems` are the words of each problem by its key.
    """
    for incident in _open().exclude(key__in=problems):
        if _close(incident):
            log.info("incident_closed", key=incident.key)
    known = set(_open().values_list("key", flat=True))
    for key, words in problems.items():
        if key[:200] not in known and not _reopen(key[:200]):
            row = Incident(key=key[:200], words=words, opened_at=Now())
            Incident.objects.bulk_create([row], ignore_conflicts=True)
            log.error("incident_opened", key=key, words=words)


def _open() -> QuerySet[Incident]:
    return Incident.objects.filter(closed_at__isnull=True)


def _close(incident: Incident) -> bool:
    rows = _open().filter(pk=incident.pk)
    return bool(rows.update(closed_at=Now()))


def _reopen(key: str) -> bool:
    """Open the latest incident of this key again if it has closed only lately."""
    latest = (
        Incident.objects.filter(key=key, closed_at__gt=from_now(-REOPENED_SECONDS))
        .order_by("-closed_at")
        .first()
    )
    if latest is None:
        return False
    try:
        with transaction.atomic():
            return bool(Incident.objects.filter(pk=latest.pk).update(closed_at=None))
    except IntegrityError:
        # Another check has opened one meanwhile.
        return True


def mail_incidents(*, actor: Actor, address: str) -> int:
    """Mail site staff the open incidents of which they do not know; return how many.

    `address` is the page that says more. One mail holds all of these incidents. If it
    cannot be sent, a later call tries again.
    """
    due = _open().filter(
        mailed_at__isnull=True, opened_at__lte=from_now(-MAIL_AFTER_SECONDS)
    )
    claimed = [incident for incident in due if _claim_mail(incident)]
    if not claimed:
        return 0
    try:
        _mail(claimed, address).send()
    except (SMTPException, OSError) as error:
        # SECURITY: the error's text may hold an address, so it is not logged.
        log.warning("incident_not_mailed", error=type(error).__name__)
        pks = [incident.pk for incident in claimed]
        Incident.objects.filter(pk__in=pks).update(mailed_at=None)
        return 0
    return len(claimed)


def _claim_mail(incident: Incident) -> bool:
    rows = Incident.objects.filter(pk=incident.pk, mailed_at__isnull=True)
    return bool(rows.update(mailed_at=Now()))


def _mail(incidents: Sequence[Incident], address: str) -> EmailMessage:
    first = incidents[0].words
    more = f" (and {len(incidents) - 1} more)" if len(incidents) > 1 else ""
    body = render_to_string(
        "grading/incident_mail.txt", {"incidents": incidents, "address": address}
    )
    staff = User.objects.filter(is_superuser=True, is_active=True).exclude(email="")
    return EmailMessage(
        f"Softmark: {first}{more}", body, to=list(staff.values_list("email", flat=True))
    )
