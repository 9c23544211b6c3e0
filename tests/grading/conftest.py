"""Fixtures shared by the tests of grading."""

import pytest

from grading import wake_up


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the runs for which a wake-up was sent, without a broker."""
    sent: list[str] = []
    monkeypatch.setattr(wake_up, "connect", lambda connection: None)
    monkeypatch.setattr(
        wake_up, "_send", lambda run, connection: sent.append(str(run.pk))
    )
    return sent
