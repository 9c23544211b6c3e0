"""What several tests of grading share."""

import pytest

from grading import wake_up


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs for which a wake-up went out, by a broker that is not there."""
    sent: list[str] = []
    monkeypatch.setattr(wake_up, "connect", lambda connection: None)
    monkeypatch.setattr(
        wake_up, "_send", lambda run, connection: sent.append(str(run.pk))
    )
    return sent
