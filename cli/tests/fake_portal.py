"""A portal that answers in this process, and fails where a test says so."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import httpx

ADDRESS: Final = "https://portal.example"
TOKEN: Final = "sm_secret"
ROOT: Final = "/api/v1/"
NOW: Final = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
Answer = Callable[[httpx.Request], httpx.Response]


def at(hours: float) -> str:
    """Return the time so many hours from the portal's now."""
    return (NOW + dt.timedelta(hours=hours)).isoformat()


def notebook(*sources: str) -> bytes:
    """Return a notebook with these code cells."""
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return json.dumps({"cells": cells, "nbformat": 4}).encode()


def problem(code: str, detail: str, attr: str | None = None) -> dict[str, Any]:
    """Return the body of a refusal."""
    error = {"code": code, "detail": detail, "attr": attr}
    return {"type": "client_error", "errors": [error]}


class FakePortal:
    """One course with one assignment: a notebook and optional weights.

    `failures` are answers that are given first, in place of the real ones: a status,
    an answer, or an error of the network.
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []
        self.failures: list[httpx.Response | Exception] = []
        self.scopes = ["read", "submit"]
        self.refusals: list[dict[str, Any]] = []
        self.cost_now = ""
        self.declaration: dict[str, Any] = {}
        self.opened: dict[str, Any] | None = None
        self.openings = 0
        self.arrived: dict[str, bytes] = {}
        self.checked: list[bytes] = []
        self.submissions: list[dict[str, Any]] = []
        self.run: dict[str, Any] = {
            "state": "finished",
            "verdict": "completed",
            "poll": None,
        }
        self.required = [
            required("work.ipynb", "notebook"),
            required("digits.safetensors", "safetensors", is_optional=True),
        ]

    @property
    def transport(self) -> httpx.MockTransport:
        """The way of the client's requests to this portal."""
        return httpx.MockTransport(self.answer)

    def paths(self, method: str) -> list[str]:
        """Return the paths below the API's root that were asked by the method."""
        return [
            request.url.path.removeprefix(ROOT)
            for request in self.requests
            if request.method == method
        ]

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Return the answer to a request."""
        self.requests.append(request)
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return httpx.Response(401, json=problem("authentication_failed", "No."))
        place, _, rest = request.url.path.removeprefix(ROOT).partition("/")
        answer: Answer | None = getattr(self, f"on_{place.replace('-', '_')}", None)
        if answer is None or request.url.path == ROOT:
            return httpx.Response(404, json=problem("not_found", "Nothing is here."))
        request.extensions["rest"] = rest
        return answer(request)

    # --- Reading ------------------------------------------------------------------

    def on_me(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"id": 7, "name": "Sam", "scopes": self.scopes})

    def on_courses(self, _: httpx.Request) -> httpx.Response:
        row = {"slug": "dl", "title": "Deep learning", "academic_year": "2026"}
        return listed([{**row, "role": "student"}])

    def on_assignments(self, request: httpx.Request) -> httpx.Response:
        rest = request.extensions["rest"]
        if rest.endswith("hand-in/"):
            return httpx.Response(200, json=self.hand_in_status())
        if not rest:
            return listed([self.assignment()])
        if rest == "1/":
            return httpx.Response(200, json=self.assignment())
        return httpx.Response(404, json=problem("not_found", "There is no such row."))

    def assignment(self) -> dict[str, Any]:
        """Return the assignment's row."""
        given = {"name": "train.csv", "url": f"{ADDRESS}{ROOT}x/", "sha256": "0" * 64}
        return {
            "id": 1,
            "course": "dl",
            "slug": "cw1",
            "title": "Convolutions",
            "mine": {"due_at": at(1), "closes_at": at(2)},
            "attempts_used": len(self.submissions),
            "max_attempts": None,
            "counting": "best",
            **self.declaration,
            "revision": {"required_files": self.required, "files": [given]},
        }

    def hand_in_status(self) -> dict[str, Any]:
        """Return the answer to: may I hand in?"""
        is_open = self.opened is not None and not self.opened["submission"]
        return {
            "asked_at": at(0),
            "refusals": self.refusals,
            "is_late": bool(self.cost_now),
            "cost_now": self.cost_now,
            "late_days": "",
            "attempts_left": None,
            "opened_attempt": self.opened if is_open else None,
        }

    def on_submissions(self, request: httpx.Request) -> httpx.Response:
        asked = parse_qs(request.url.query.decode())
        assert asked["author"] == ["7"]
        return listed(self.submissions)

    def on_runs(self, request: httpx.Request) -> httpx.Response:
        row = self.run_row()
        tag = f'"{hashlib.sha256(json.dumps(row).encode()).hexdigest()}"'
        if request.headers.get("If-None-Match") == tag:
            return httpx.Response(304, headers={"ETag": tag})
        return httpx.Response(200, json=row, headers={"ETag": tag})

    def run_row(self) -> dict[str, Any]:
        """Return the run of the attempt."""
        is_live = self.run["poll"] is not None
        return {
            "attempt": 1,
            "number": 1,
            "state": self.run["state"],
            "verdict": self.run["verdict"],
            "finished_at": None if is_live else at(0),
            "html_url": f"{ADDRESS}/runs/1/",
            "message": {"title": "Ran to the end", "text": "Good.", "hint": ""},
            "place": None,
            "progress": None,
            "poll_seconds": self.run["poll"],
            "notebook_url": f"{ADDRESS}{ROOT}executed/",
            "results": {
                "earned": "1.00",
                "points": "2.00",
                "hidden": [],
                "questions": [
                    {
                        "key": "q1",
                        "title": "One",
                        "outcome": "failed",
                        "earned": "1.00",
                        "points": "2.00",
                        "checks": [
                            {
                                "name": "c",
                                "description": "",
                                "outcome": "failed",
                                "message": "expected 3\x1b[31m",
                            }
                        ],
                    }
                ],
            },
        }

    def on_executed(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"executed")

    def on_signed(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="Softmark receipt\n")

    def on_files(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=self.arrived[request.extensions["rest"]])

    def on_self_checks(self, request: httpx.Request) -> httpx.Response:
        self.checked.append(request.content)
        row = self.run_row() | {"url": f"{ADDRESS}{ROOT}checks/1/"}
        del row["poll_seconds"], row["attempt"], row["number"]
        row["rate"] = {"limit": 5, "left": 3, "next_at": at(1)}
        if request.method == "POST":
            row |= {"state": "queued", "finished_at": None, "results": None}
            return httpx.Response(201, json=row)
        return httpx.Response(200, json=row)

    on_checks = on_self_checks

    # --- Handing in ---------------------------------------------------------------

    def on_opened_attempts(self, request: httpx.Request) -> httpx.Response:
        if request.extensions["rest"].endswith("finish/"):
            return self._finish()
        if request.extensions["rest"].endswith("/check/"):
            return self.on_self_checks(request)
        body = json.loads(request.content)
        hashes = {file["name"]: file["sha256"] for file in body["files"]}
        if self.opened is not None and not self.opened["submission"]:
            if {f["name"]: f["sha256"] for f in self.opened["files"]} == hashes:
                self.opened["is_declared"] |= body.get("declaration", False)
                return httpx.Response(201, json=self.opened)
            if body.get("replaces") != self.opened["id"]:
                words = "You have opened another attempt."
                return httpx.Response(409, json=problem("attempt_open", words))
        self.openings += 1
        self.arrived = dict.fromkeys(hashes, b"")
        self.opened = {
            "id": f"attempt-{self.openings}",
            "opened_at": at(0),
            "complete_by": at(0.5),
            "expires_at": at(24),
            "submission": None,
            "is_declared": body.get("declaration", False),
            # On another host, as behind a wrongly configured proxy.
            "files": [
                {**file, "url": f"http://inside{ROOT}uploads/{file['name']}/"}
                for file in body["files"]
            ],
        }
        return httpx.Response(201, json=self.opened)

    def on_uploads(self, request: httpx.Request) -> httpx.Response:
        name = request.extensions["rest"].rstrip("/")
        assert request.headers["Tus-Resumable"] == "1.0.0"
        have = self.arrived[name]
        if request.method == "PATCH":
            if int(request.headers["Upload-Offset"]) != len(have):
                words = f"{len(have)} bytes have arrived."
                return httpx.Response(409, json=problem("wrong_offset", words))
            request.read()
            assert int(request.headers["Content-Length"]) == len(request.content)
            self.arrived[name] = have + request.content
        headers = {"Upload-Offset": str(len(self.arrived[name]))}
        return httpx.Response(204, headers=headers)

    def _finish(self) -> httpx.Response:
        assert self.opened is not None
        if not self.opened["submission"]:
            for file in self.opened["files"]:
                content = self.arrived[file["name"]]
                assert hashlib.sha256(content).hexdigest() == file["sha256"]
            self.opened["submission"] = "s1"
            self.submissions.insert(0, self._submission())
        return httpx.Response(201, json={"submission": self.submissions[0], "run": {}})

    def _submission(self) -> dict[str, Any]:
        assert self.opened is not None
        return {
            "id": "s1",
            "attempt": len(self.submissions) + 1,
            "received_at": at(0),
            "is_late": bool(self.cost_now),
            "warnings": [],
            "receipt_url": f"{ADDRESS}{ROOT}signed/",
            "runs": [{"url": f"{ADDRESS}{ROOT}runs/1/"}],
            "files": [
                {
                    "name": file["name"],
                    "size": file["size"],
                    "sha256": file["sha256"],
                    "url": f"{ADDRESS}{ROOT}files/{file['name']}",
                }
                for file in self.opened["files"]
            ],
        }


def required(name: str, kind: str, *, is_optional: bool = False) -> dict[str, Any]:
    """Return the row of a required file."""
    return {
        "name": name,
        "kind": kind,
        "max_bytes": 40 * 1024**2,
        "is_optional": is_optional,
    }


def listed(rows: list[dict[str, Any]]) -> httpx.Response:
    """Return the only page of a list."""
    return httpx.Response(200, json={"results": rows, "next": None})


def safetensors(size: int) -> bytes:
    """Return a safetensors file with so many bytes of data."""
    tensor = {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}
    header = json.dumps({"a": tensor}).encode()
    return len(header).to_bytes(8, "little") + header + b"\1" * size


def write(folder: Path, **files: bytes) -> None:
    """Write files: work_ipynb=… is work.ipynb."""
    for name, content in files.items():
        folder.joinpath(name.replace("_", ".")).write_bytes(content)
