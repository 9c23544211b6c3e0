"""Fixtures of the command line's tests: a portal in this process, and the program."""

from pathlib import Path

import pytest

from command_runner import Softmark
from fake_portal import ADDRESS, TOKEN, FakePortal
from softmark_cli.portal_client import PortalClient


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> FakePortal:
    """Give a portal that every client talks to, and that nobody waits for."""
    found = FakePortal()
    monkeypatch.setattr(PortalClient, "transport", found.transport)
    monkeypatch.setattr(PortalClient, "sleep", staticmethod(found.pauses.append))
    return found


@pytest.fixture
def softmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Softmark:
    """Give the program in an empty folder, with an empty configuration."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SOFTMARK_CONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("SOFTMARK_ADDRESS", raising=False)
    monkeypatch.delenv("SOFTMARK_TOKEN", raising=False)
    # Tables are as wide as this.
    monkeypatch.setenv("COLUMNS", "200")
    return Softmark()


@pytest.fixture
def signed_in(softmark: Softmark, monkeypatch: pytest.MonkeyPatch) -> Softmark:
    """Give the program with credentials for the portal."""
    monkeypatch.setenv("SOFTMARK_ADDRESS", ADDRESS)
    monkeypatch.setenv("SOFTMARK_TOKEN", TOKEN)
    return softmark
