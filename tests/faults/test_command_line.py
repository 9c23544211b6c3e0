"""The command line against a real portal, whose server dies while files are sent."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from accounts.services import create_token
from command_runner import Softmark
from fake_portal import safetensors, write
from softmark_cli import piece_sender
from softmark_cli.portal_client import PortalClient
from submissions.models import OpenedAttempt, Submission
from tests.api.asking import READ, SUBMIT
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    RequiredFileFactory,
    small_notebook,
)
from tests.services.portal import LivePortal

pytestmark = pytest.mark.one_database
MB = 1024**2


class BreakingTransport(httpx.HTTPTransport):
    """The network to a portal, whose server dies with the third piece.

    With the sixth piece, the person stops the program.
    """

    def __init__(self, portal: LivePortal) -> None:
        super().__init__()
        self._portal = portal
        self.pieces = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.pieces += request.method == "PATCH"
        if request.method == "PATCH" and self.pieces == 3:
            assert self._portal.web is not None
            self._portal.web.kill()
            try:
                return super().handle_request(request)
            finally:
                self._portal.start_web()
        if request.method == "PATCH" and self.pieces == 6:
            raise KeyboardInterrupt
        return super().handle_request(request)


@pytest.fixture
def softmark(
    make_portal: Callable[..., LivePortal],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Softmark:
    """Give the program of a student who is logged in and asked for weights."""
    portal = make_portal()
    portal.start_web()
    assignment = AssignmentFactory.create(slug="cw1")
    RequiredFileFactory.create(
        revision=assignment.revision, weights=True, max_bytes=4 * MB
    )
    student = EnrolmentFactory.create(course=assignment.course).user
    _, token = create_token(actor=student, name="cli", scopes=[READ, SUBMIT])
    monkeypatch.setenv("SOFTMARK_CONFIG", str(tmp_path / "config"))
    monkeypatch.setattr(PortalClient, "transport", BreakingTransport(portal))
    monkeypatch.setattr(piece_sender, "PIECE", MB // 2)
    monkeypatch.chdir(tmp_path)
    program = Softmark()
    done = program("login", portal.url, stdin=token)
    assert done.code == 0, done.err
    return program


def test_work_is_handed_in_although_server_and_program_die(softmark: Softmark) -> None:
    weights = safetensors(3 * MB)
    write(Path(), work_ipynb=small_notebook().encode(), digits_safetensors=weights)
    done = softmark("submit", "cw1", "--yes")
    assert done.code == 130, done.err
    assert "Trying again" in done.err
    assert Submission.objects.count() == 0
    done = softmark("submit", "cw1")
    assert done.code == 0, done.err
    assert "Handed in as attempt 1." in done.out
    submission = Submission.objects.get()
    assert submission.received_at == OpenedAttempt.objects.get().opened_at

    done = softmark("status", "cw1", "--json")
    assert (done.code, done.json["state"]) == (0, "queued")
    assert done.json["poll_seconds"] > 0
    done = softmark("download", "cw1", "--to", "back")
    assert done.code == 0, done.err
    assert Path("back/digits.safetensors").read_bytes() == weights
    receipt = json.loads(Path("back/receipt.json").read_text())
    assert receipt["id"] == str(submission.pk)
