"""What several tests of grading share."""

import pytest

from grading import hints


@pytest.fixture
def hinted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs for which a hint went out, by a broker that is not there."""
    sent: list[str] = []
    monkeypatch.setattr(hints, "connect", lambda connection: None)
    monkeypatch.setattr(
        hints, "_send", lambda run, connection: sent.append(str(run.pk))
    )
    return sent
