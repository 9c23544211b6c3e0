"""`python -m bench.rush`: everybody hands in during the last minutes.

The demo's coursework is served by `manage.py up`, with its worker. Each student opens
the coursework at random moments, hands in, and then follows the run as a browser does:
the page polls at the intervals of static/js/poll.js. Meanwhile a monitor asks for
/healthz every second. The figures are those of the clients; the work is counted in the
database afterwards.
"""

import argparse
import asyncio
import gzip
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import machine
from bench.pages import fill, free_port
from bench.table import as_markdown, as_text, duration

_ROOT: Final = Path(__file__).parents[1]
_WORK: Final = "/courses/deep-learning/coursework/conv-digits/"
_GOOD: Final = _ROOT / "examples" / "conv-digits" / "submissions" / "good"
_BOUNDARY: Final = "rush-of-students"
_SECONDS_TO_START: Final = 120
# As in static/js/poll.js.
_GROWTH: Final = 1.25
_JITTER: Final = 0.2
_TARGETS: Final = {
    "receipt": ("99 % < 3 s", 0.99, 3.0),
    "healthz": ("all < 1 s", 1.0, 1.0),
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer, with its header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Figures:
    """What the clients have seen: seconds by kind of request, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    receipts: int = 0


class Client:
    """A browser with one connection."""

    def __init__(self, port: int, session: str, figures: Figures) -> None:
        self._port, self._session = port, session
        self.figures = figures
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.csrf = ""

    async def ask(
        self,
        kind: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """Return the answer, and note how long it took. Raises OSError."""
        begun = time.perf_counter()
        try:
            answer = await self._exchange(path, body, headers)
        except (OSError, asyncio.IncompleteReadError) as error:
            # A kept connection may have been closed meanwhile; a browser asks again.
            self.close()
            if body is not None:
                self.figures.wrong[f"{kind}: {type(error).__name__}"] += 1
                raise OSError from error
            answer = await self._exchange(path, body, headers)
        self.figures.seconds[kind].append(time.perf_counter() - begun)
        if answer.status >= 400:
            self.figures.wrong[f"{kind}: {answer.status}"] += 1
        return answer

    async def _exchange(
        self, path: str, body: bytes | None, headers: Sequence[tuple[str, str]]
    ) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        cookies = f"sessionid={self._session}; csrftoken={self.csrf}"
        fields = [
            ("Host", f"127.0.0.1:{self._port}"),
            ("Cookie", cookies),
            ("Accept-Encoding", "gzip"),
            *headers,
        ]
        if body is not None:
            fields.append(("Content-Length", str(len(body))))
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        method = "GET" if body is None else "POST"
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + (body or b""))
        await writer.drain()
        return await self._read(reader)

    async def _read(self, reader: asyncio.StreamReader) -> Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rest = head.strip().split("\r\n")
        headers: dict[str, str] = {}
        for one in rest:
            name, _, value = one.partition(":")
            headers[name.lower()] = value.strip()
            if name.lower() == "set-cookie" and value.strip().startswith("csrftoken="):
                self.csrf = value.strip().partition("=")[2].partition(";")[0]
        status = int(line.split()[1])
        body = b""
        if headers.get("transfer-encoding") == "chunked":
            while size := int((await reader.readline()).strip(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
        elif status != 304:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.close()
        return Answer(status=status, headers=headers, body=body)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


def _form(token: str, key: str, notebook: bytes) -> bytes:
    """Return the body of a hand-in, as a browser sends it."""
    pieces = []
    fields = {"csrfmiddlewaretoken": token, "idempotency_key": key, "declaration": "on"}
    for name, value in fields.items():
        pieces.append(
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
            f"{value}\r\n".encode()
        )
    weights = (_GOOD / "digits.safetensors").read_bytes()
    for name, content in (
        ("conv-digits.ipynb", notebook),
        ("digits.safetensors", weights),
    ):
        pieces.append(
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file:{name}"; '
            f'filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode()
            + content
            + b"\r\n"
        )
    return b"".join(pieces) + f"--{_BOUNDARY}--\r\n".encode()


def _own_notebook(number: int, turn: int) -> bytes:
    """Return the good notebook with a cell of its own, so that it must run."""
    notebook = json.loads((_GOOD / "conv-digits.ipynb").read_text())
    code = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    code["source"] = [f"# {number}.{turn}\n", *code["source"]]
    return json.dumps(notebook).encode()


async def _student(client: Client, number: int, turns: int, seconds: float) -> None:
    """Hand in at random moments, and follow the last run between them."""
    begun = time.monotonic()
    moments = sorted(random.uniform(0, seconds) for _ in range(turns))  # noqa: S311
    run = ""
    for turn, moment in enumerate([*moments, seconds]):
        until = begun + moment
        await _follow(client, run, until)
        await asyncio.sleep(max(until - time.monotonic(), 0))
        if turn < turns:
            with suppress(OSError):
                run = await _hand_in(client, number, turn) or run
    client.close()


async def _hand_in(client: Client, number: int, turn: int) -> str:
    page = await client.ask("coursework", _WORK)
    text = _unzipped(page)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
    key = re.search(r'name="idempotency_key" value="([^"]+)"', text)
    if token is None or key is None:
        client.figures.wrong["coursework: no form"] += 1
        return ""
    body = _form(token[1], key[1], _own_notebook(number, turn))
    answer = await client.ask(
        "receipt",
        f"{_WORK}submit/",
        body=body,
        headers=[("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}")],
    )
    if answer.status != 303:
        client.figures.wrong[f"receipt: {answer.status} instead of 303"] += 1
        return ""
    client.figures.receipts += 1
    return answer.headers["location"]


async def _follow(client: Client, run: str, until: float) -> None:
    """Poll the run's page as a browser does, until it is over or the time has come."""
    if not run:
        return
    part = _unzipped(await client.ask("run", run))
    factor = 1.0
    while found := re.search(
        r'data-etag="([^"]*)".*?data-poll="(\d+)" data-poll-most="(\d+)"', part
    ):
        tag, least, most = found[1], int(found[2]), int(found[3])
        while True:
            wait = min(least * factor, most) * random.uniform(  # noqa: S311
                1 - _JITTER, 1 + _JITTER
            )
            if time.monotonic() + wait > until:
                return
            await asyncio.sleep(wait)
            headers = [("If-None-Match", f'"{tag}"')]
            answer = await client.ask("poll", f"{run}status/", headers=headers)
            if answer.status != 304:
                break
            tag, factor = answer.headers["etag"].strip('"'), factor * _GROWTH
        part, factor = _unzipped(answer), 1.0


def _unzipped(answer: Answer) -> str:
    is_zipped = answer.headers.get("content-encoding") == "gzip"
    return (gzip.decompress(answer.body) if is_zipped else answer.body).decode()


async def _monitor(client: Client, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        client.close()
        await client.ask("healthz", "/healthz")
        await asyncio.sleep(1)


async def rush(
    port: int, sessions: Sequence[str], turns: int, seconds: float
) -> Figures:
    """Let each student hand in `turns` times within `seconds`. Return the figures."""
    figures = Figures()
    async with asyncio.TaskGroup() as group:
        group.create_task(_monitor(Client(port, "", figures), seconds))
        for number, session in enumerate(sessions):
            client = Client(port, session, figures)
            group.create_task(_student(client, number, turns, seconds))
    return figures


def _lines(figures: Figures) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = [
        ("request", "n", "median", "p95", "p99", "most", "")
    ]
    for kind, unsorted in figures.seconds.items():
        taken = sorted(unsorted)
        cells = [duration(_quantile(taken, share)) for share in (0.5, 0.95, 0.99, 1.0)]
        words, share, target = _TARGETS.get(kind, ("", 1.0, math.inf))
        verdict = "reached" if _quantile(taken, share) < target else "missed"
        lines.append(
            (kind, str(len(taken)), *cells, f"{words}: {verdict}" if words else "")
        )
    return lines


def _quantile(taken: Sequence[float], share: float) -> float:
    return taken[max(math.ceil(share * len(taken)) - 1, 0)]


def main() -> None:
    """Measure, print the table, and write it to a file if asked to."""
    parser = argparse.ArgumentParser(prog="bench.rush", description=__doc__)
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--turns", type=int, default=3, help="hand-ins of each")
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--write", type=Path, help="write the report as Markdown")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rush-") as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/rush.sqlite3")
        os.environ.update(
            SOFTMARK_VAR=folder,
            PORT=str(free_port()),
            SECRET_KEY="only-for-measuring-" + "x" * 40,
            DJANGO_SETTINGS_MODULE="portal.settings",
        )
        facts, figures = _measure(options.students, options.turns, options.seconds)
    lines = _lines(figures)
    print(as_text(list(facts.items())), as_text(lines), sep="\n\n")
    if options.write:
        words = (_HOW, as_markdown([("", ""), *facts.items()]), as_markdown(lines))
        options.write.write_text("\n\n".join(words) + "\n")


def _measure(
    students: int, turns: int, seconds: float
) -> tuple[dict[str, str], Figures]:
    """Return the facts and the figures of a rush in a portal made for it."""
    before = machine.load()
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "prepare"], cwd=_ROOT, check=True)
    import django  # noqa: PLC0415  its settings are read once

    django.setup()
    from django.db import connection, connections  # noqa: PLC0415

    from courses.models import Assignment  # noqa: PLC0415
    from submissions.models import Submission  # noqa: PLC0415

    sessions = fill().students
    Assignment.objects.update(max_attempts=None)
    stored = Submission.objects.count()
    connections.close_all()
    port = int(os.environ["PORT"])
    server = subprocess.Popen([*manage, "up"], cwd=_ROOT, stdout=subprocess.DEVNULL)
    try:
        asyncio.run(_until_ready(port))
        figures = asyncio.run(rush(port, sessions[:students], turns, seconds))
        facts = machine.facts() | {
            "database": connection.vendor,
            "load": f"before {before}; after {machine.load()}",
            "receipts": str(figures.receipts),
            "hand-ins stored": str(Submission.objects.count() - stored),
            "runs": _runs(),
            "went wrong": ", ".join(
                f"{n} x {what}" for what, n in figures.wrong.items()
            )
            or "-",
        }
        connections.close_all()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    return facts, figures


def _runs() -> str:
    from django.db.models import Count  # noqa: PLC0415

    from grading.models import GradingRun  # noqa: PLC0415

    states = GradingRun.objects.filter(submission__isnull=False).values("state")
    found = states.annotate(n=Count("pk")).order_by("state").values_list("state", "n")
    return ", ".join(f"{n} {state}" for state, n in found)


async def _until_ready(port: int) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline:
        with suppress(OSError, asyncio.IncompleteReadError):
            client = Client(port, "", Figures())
            if (await client.ask("healthz", "/healthz")).status == 200:
                client.close()
                return
        await asyncio.sleep(0.5)
    sys.exit("The portal did not start: see above")


_HOW: Final = f"""\
# A rush of hand-ins

Written by `make bench-rush WRITE=docs/rush.md`. {(__doc__ or "").partition(chr(10))[2].strip()}

* Clients, web server, worker and database share the machine's cores.
* Each notebook differs, so each must run. The queue is longer than the rush: the worker goes on after it."""


if __name__ == "__main__":
    main()
