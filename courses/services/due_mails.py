"""Mails that rows of the database say are due: sent in portions, each once.

The row says when its mail is due, so one that could not be sent goes out later: when
the mail server, the broker or the portal is back. What keeps the mails of one person
from holding up those of others is written here, for every kind of mail.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused
from typing import Any, Final, Generic, TypeVar

import structlog
from django.core.mail import EmailMessage, get_connection
from django.db.models import F, Model, QuerySet

from courses.broker import send_task_wake_up
from courses.counters import COUNTERS

log = structlog.get_logger(__name__)
RowT = TypeVar("RowT", bound=Model)

# Mails in one call, so that it ends within seconds.
PORTION: Final = 25
# When a mail that was not sent is tried again, and for how long it is tried.
TRIED_AGAIN_AFTER: Final = dt.timedelta(minutes=5)
TRIED_FOR: Final = dt.timedelta(days=2)
# After each refusal the wait doubles: the last try is 43 hours after the first.
MOST_REFUSALS: Final = 10
# After so many faults of the server in a row it is taken to be down, and the rest waits
# for the next call.
_MOST_FAULTS: Final = 3
MAIL_FAULTS: Final = (SMTPException, OSError)
# "Service not available": the server closes the connection.
_CLOSING: Final = 421


class NotNowError(Exception):
    """Raised while no mail can be made. It counts as a fault of the mail server."""


def is_refused(error: Exception) -> bool:
    """Return whether the server has refused this one mail, and may take others.

    Every other error is one of the connection: the server is away, closes, or takes no
    mail from the portal. A ValueError is an address or a subject that is none.
    """
    if isinstance(error, SMTPRecipientsRefused):
        return all(code != _CLOSING for code, _ in error.recipients.values())
    if isinstance(error, SMTPDataError):
        return error.smtp_code != _CLOSING
    return isinstance(error, ValueError)


@dataclass(frozen=True, kw_only=True)
class DueMails(Generic[RowT]):
    """One kind of mail: the columns of its rows, and how a mail is made of a row.

    `message` returns None for a mail that is not to be sent any more, and may raise
    NotNowError. `since` is when the mail was first due. `about` says in the log which
    row it is; `event` names the line. `sent` are columns to write once it is sent, and
    `task` sends the next portion.
    """

    task: str
    due: str
    tries: str
    refusals: str
    event: str
    message: Callable[[RowT], EmailMessage | None]
    since: Callable[[RowT], dt.datetime]
    about: Callable[[RowT], Mapping[str, Any]]
    sent: Callable[[dt.datetime], Mapping[str, Any]] = field(default=lambda _: {})

    def send(self, rows: QuerySet[RowT], now: dt.datetime) -> int:
        """Send a portion of the mails of these rows that are due; return how many.

        Mails that were never tried go first, so those that cannot be sent hold up
        nobody. Each is claimed, so no two workers send it. Safe to repeat.
        """
        due = rows.filter(**{f"{self.due}__lte": now})
        waiting = list(due.order_by(self.tries, self.due, "pk")[: PORTION + 1])
        server, sent = _MailServer(self.event), 0
        for row in waiting[:PORTION]:
            if server.is_down:
                break
            if self._claim(row, now):
                sent += self._send(row, server, now)
        server.close()
        # Each of the portion is due later now, so this ends.
        if len(waiting) > PORTION and not server.is_down:
            send_task_wake_up(self.task)
        return sent

    def _claim(self, row: RowT, now: dt.datetime) -> bool:
        """Claim the mail until it is tried again; return False if another worker has."""
        rows = self._row(row).filter(**{self.due: getattr(row, self.due)})
        if now - self.since(row) > TRIED_FOR:
            rows.update(**{self.due: None})
            return False
        again = {self.due: now + TRIED_AGAIN_AFTER, self.tries: F(self.tries) + 1}
        return bool(rows.update(**again))

    def _send(self, row: RowT, server: "_MailServer", now: dt.datetime) -> bool:
        """Send the claimed mail; return whether the server has taken it."""
        result = server.send(lambda: self.message(row), self.about(row))
        if result == _Result.SENT:
            self._row(row).update(**{self.due: None}, **self.sent(now))
        elif result == _Result.DROPPED:
            self._row(row).update(**{self.due: None})
        elif result == _Result.REFUSED:
            before = getattr(row, self.refusals)
            is_over = before + 1 >= MOST_REFUSALS
            again = None if is_over else now + TRIED_AGAIN_AFTER * 2**before
            self._row(row).update(**{self.due: again, self.refusals: before + 1})
        return result == _Result.SENT

    def _row(self, row: RowT) -> QuerySet[RowT]:
        found: QuerySet[RowT] = type(row)._default_manager.filter(pk=row.pk)  # noqa: SLF001  Django's documented name
        return found


class _Result(Enum):
    SENT = "sent"
    REFUSED = "refused"
    DROPPED = "dropped"
    SERVER_FAULT = "server fault"


class _MailServer:
    """The connection to the mail server during one call."""

    def __init__(self, event: str) -> None:
        self._connection: Any = get_connection()
        self._event = event
        self._faults = 0

    @property
    def is_down(self) -> bool:
        return self._faults >= _MOST_FAULTS

    def send(
        self, make: Callable[[], EmailMessage | None], about: Mapping[str, Any]
    ) -> _Result:
        try:
            message = make()
            if message is None:
                return _Result.DROPPED
            is_taken = bool(self._connection.send_messages([message]))
            result = _Result.SENT if is_taken else _Result.REFUSED
        except NotNowError:
            result = _Result.SERVER_FAULT
        except (*MAIL_FAULTS, ValueError) as error:
            # SECURITY: the error's text may hold the address, so it is not logged.
            log.warning(self._event, error=type(error).__name__, **about)
            self.close()
            is_of_mail = is_refused(error)
            result = _Result.REFUSED if is_of_mail else _Result.SERVER_FAULT
        is_fault = result == _Result.SERVER_FAULT
        self._faults = self._faults + 1 if is_fault else 0
        COUNTERS.count("mails", result="sent" if result == _Result.SENT else "failed")
        return result

    def close(self) -> None:
        """Close the connection, so that the next mail opens a new one."""
        with suppress(*MAIL_FAULTS):
            self._connection.close()
