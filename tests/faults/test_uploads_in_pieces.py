"""Uploads in pieces go on after broken connections and killed servers."""

import hashlib
import http.client
import io
import json
import os
import signal
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from accounts.models import User
from accounts.services import create_token
from courses.models import Assignment
from submissions.models import OpenedAttempt, Submission
from tests.api.asking import SUBMIT
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    RequiredFileFactory,
    small_notebook,
)
from tests.faults.conftest import descendants
from tests.services.portal import LivePortal
from tests.services.processes import wait_until
from tests.submissions.builders import tensor

pytestmark = pytest.mark.one_database
MB: Final = 1024**2
NOTEBOOK: Final = small_notebook().encode()
WEIGHTS: Final = "digits.safetensors"


@pytest.fixture
def portal(make_portal: Callable[..., LivePortal]) -> LivePortal:
    """Give a portal whose web server runs."""
    found = make_portal()
    found.start_web()
    return found


@dataclass(frozen=True, kw_only=True)
class Sender:
    """A student's program."""

    portal: LivePortal
    student: User
    assignment: Assignment
    token: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def ask(
        self, method: str, url: str, body: Any = None, **headers: str
    ) -> tuple[http.client.HTTPResponse, Any]:
        """Return the answer and its content."""
        sent = {"Tus-Resumable": "1.0.0", **self.headers}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, dict):
            body = json.dumps(body)
            sent["Content-Type"] = "application/json"
        path = url.removeprefix(self.portal.url)
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.portal.port, timeout=120
        )
        with closing(connection):
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            content = answer.read()
        return answer, json.loads(content) if content else None

    def open(self, **files: bytes | Path) -> Any:
        """Open an attempt with these files beside a notebook."""
        contents = {"work.ipynb": NOTEBOOK, **files}
        _, made = self.ask(
            "POST",
            "/api/v1/opened-attempts/",
            {
                "assignment": self.assignment.pk,
                "declaration": True,
                "files": [row(name, data) for name, data in contents.items()],
            },
        )
        return made

    def patch(self, url: str, data: bytes, offset: int) -> http.client.HTTPResponse:
        """Send a piece."""
        answer, _ = self.ask(
            "PATCH",
            url,
            data,
            Upload_Offset=str(offset),
            Content_Type="application/offset+octet-stream",
        )
        return answer

    def offset(self, url: str) -> int:
        """Return how many bytes have arrived."""
        answer, _ = self.ask("HEAD", url)
        return int(answer.headers["Upload-Offset"])

    def begin_piece(self, url: str, announced: int, data: bytes, offset: int) -> Any:
        """Send a part of a piece, and return the open connection."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.portal.port, timeout=60
        )
        connection.putrequest("PATCH", url.removeprefix(self.portal.url))
        for name, value in {
            **self.headers,
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(announced),
        }.items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(data)
        return connection

    def finish(self, opened: Any) -> tuple[int, Any]:
        """Hand in; return the status and the answer."""
        url = f"/api/v1/opened-attempts/{opened['id']}/finish/"
        answer, content = self.ask("POST", url)
        return answer.status, content


def row(name: str, data: bytes | Path) -> dict[str, Any]:
    if isinstance(data, Path):
        with data.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        return {"name": name, "size": data.stat().st_size, "sha256": digest}
    digest = hashlib.sha256(data).hexdigest()
    return {"name": name, "size": len(data), "sha256": digest}


@pytest.fixture
def sender(portal: LivePortal) -> Sender:
    """Give a program of a student who hands in a notebook and weights."""
    assignment = AssignmentFactory.create()
    RequiredFileFactory.create(
        revision=assignment.revision, weights=True, max_bytes=500 * MB
    )
    student = EnrolmentFactory.create(course=assignment.course).user
    _, token = create_token(actor=student, name="program", scopes=[SUBMIT])
    return Sender(portal=portal, student=student, assignment=assignment, token=token)


def weights(size: int) -> bytes:
    """Return a safetensors file with so many bytes of data, no two MB alike."""
    header = json.dumps({"a": tensor(shape=[size // 4], end=size)}).encode()
    blocks = (number.to_bytes(8, "big") * (MB // 8) for number in range(size // MB))
    return struct.pack("<Q", len(header)) + header + b"".join(blocks)


def url_of(opened: Any, name: str) -> str:
    (found,) = [file["url"] for file in opened["files"] if file["name"] == name]
    return str(found)


def send_rest(sender: Sender, url: str, data: bytes, piece: int = MB) -> None:
    offset = sender.offset(url)
    while offset < len(data):
        answer = sender.patch(url, data[offset : offset + piece], offset)
        assert answer.status == 204
        offset = int(answer.headers["Upload-Offset"])


def web_worker(portal: LivePortal) -> int:
    """Return gunicorn's process that serves, without its arbiter."""
    assert portal.web is not None
    return descendants(portal.web.pid)[-1]


def test_an_upload_goes_on_after_the_server_was_killed(sender: Sender) -> None:
    """The whole server dies in the middle of a piece; nothing answered is lost."""
    data = weights(4 * MB)
    opened = sender.open(**{WEIGHTS: data})
    url = url_of(opened, WEIGHTS)
    assert sender.patch(url, data[: 2 * MB], 0).status == 204
    piece = data[2 * MB : 3 * MB]
    with closing(sender.begin_piece(url, MB, piece[: MB // 2], 2 * MB)):
        assert sender.portal.web is not None
        sender.portal.web.kill()
    sender.portal.start_web()
    assert sender.offset(url) == 2 * MB
    send_rest(sender, url, data)
    send_rest(sender, url_of(opened, "work.ipynb"), NOTEBOOK)
    assert sender.finish(opened)[0] == 201
    sha256 = hashlib.sha256(data).hexdigest()
    assert Submission.objects.get().files.get(name=WEIGHTS).sha256 == sha256
    attempt = OpenedAttempt.objects.get()
    assert attempt.submission is not None
    assert attempt.submission.received_at == attempt.opened_at


def test_a_worker_killed_at_each_megabyte_loses_nothing_that_was_answered(
    sender: Sender,
) -> None:
    data = weights(5 * MB)
    opened = sender.open(**{WEIGHTS: data})
    url = url_of(opened, WEIGHTS)
    for offset in range(0, 4 * MB, MB):
        piece = data[offset : offset + MB]
        assert sender.patch(url, piece, offset).status == 204
        half = data[offset + MB :][: MB // 2]
        with closing(sender.begin_piece(url, MB, half, offset + MB)):
            os.kill(web_worker(sender.portal), signal.SIGKILL)
        wait_until(lambda: answers(sender), what="the next worker serves")
        assert sender.offset(url) == offset + MB
    send_rest(sender, url, data)
    send_rest(sender, url_of(opened, "work.ipynb"), NOTEBOOK)
    for seconds in (0.0, 0.05):
        kill_while_it_finishes(sender, opened, seconds)
        wait_until(lambda: answers(sender), what="the next worker serves")
    assert sender.finish(opened)[0] == 201
    submission = Submission.objects.get()
    assert submission.runs.count() == 1
    sha256 = hashlib.sha256(data).hexdigest()
    assert submission.files.get(name=WEIGHTS).sha256 == sha256


def kill_while_it_finishes(sender: Sender, opened: Any, seconds: float) -> None:
    """Ask to hand in, and kill the process that serves so many seconds later."""
    path = f"/api/v1/opened-attempts/{opened['id']}/finish/"
    connection = http.client.HTTPConnection("127.0.0.1", sender.portal.port, timeout=60)
    with closing(connection):
        connection.request("POST", path, headers=sender.headers)
        time.sleep(seconds)
        os.kill(web_worker(sender.portal), signal.SIGKILL)


def answers(sender: Sender) -> bool:
    try:
        answer, _ = sender.ask("GET", "/api/v1/me/")
    except (OSError, http.client.HTTPException):
        return False
    return answer.status < 500


def test_what_arrived_of_a_broken_piece_is_kept(sender: Sender) -> None:
    data = weights(4 * MB)
    opened = sender.open(**{WEIGHTS: data})
    url = url_of(opened, WEIGHTS)
    sender.begin_piece(url, len(data), data[: 3 * MB], 0).close()
    wait_until(lambda: sender.offset(url) > 0, what="the bytes are stored")
    assert 0 < sender.offset(url) <= 3 * MB
    send_rest(sender, url, data)
    send_rest(sender, url_of(opened, "work.ipynb"), NOTEBOOK)
    assert sender.finish(opened)[0] == 201


def test_finishing_ten_times_at_once_makes_one_submission(sender: Sender) -> None:
    data = weights(MB)
    opened = sender.open(**{WEIGHTS: data})
    send_rest(sender, url_of(opened, WEIGHTS), data)
    send_rest(sender, url_of(opened, "work.ipynb"), NOTEBOOK)
    with ThreadPoolExecutor(10) as askers:
        found = list(askers.map(lambda _: sender.finish(opened), range(10)))
    assert {status for status, _ in found} == {201}
    assert len({answer["run"]["id"] for _, answer in found}) == 1
    assert Submission.objects.count() == 1


def test_tuspy_hands_in(sender: Sender) -> None:
    client = pytest.importorskip("tusclient.client")
    data = weights(5 * MB)
    opened = sender.open(**{WEIGHTS: data})
    tus = client.TusClient(opened["tus_url"], headers=sender.headers)
    for name, content in ((WEIGHTS, data), ("work.ipynb", NOTEBOOK)):
        uploader = tus.uploader(
            file_stream=io.BytesIO(content),
            chunk_size=2 * MB,
            metadata={"filename": name},
            upload_checksum=True,
        )
        # It stops after its first piece, and another one goes on.
        uploader.upload(stop_at=min(2 * MB, len(content)))
        again = tus.uploader(
            file_stream=io.BytesIO(content), url=uploader.url, chunk_size=2 * MB
        )
        again.upload()
    assert sender.finish(opened)[0] == 201
    sha256 = hashlib.sha256(data).hexdigest()
    assert Submission.objects.get().files.get(name=WEIGHTS).sha256 == sha256


def memory(pid: int, name: str) -> int:
    """Return a line of the process's status, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise AssertionError(name)


@pytest.mark.long
@pytest.mark.parametrize("piece", [8 * MB, 500 * MB], ids=["pieces", "one piece"])
def test_400_mb_need_little_memory(sender: Sender, piece: int) -> None:
    data = weights(400 * MB)
    opened = sender.open(**{WEIGHTS: data})
    send_rest(sender, url_of(opened, "work.ipynb"), NOTEBOOK)
    worker = web_worker(sender.portal)
    before = memory(worker, "VmRSS")
    Path(f"/proc/{worker}/clear_refs").write_text("5")
    send_rest(sender, url_of(opened, WEIGHTS), data, piece)
    assert sender.finish(opened)[0] == 201
    grown = memory(worker, "VmHWM") - before
    print(f"grown by {grown / MB:.1f} MB")  # noqa: T201  shown by -s
    assert grown < 50 * MB
