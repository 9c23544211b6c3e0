"""Handing in: pieces, breaks, questions, receipts."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from command_runner import Softmark
from fake_portal import FakePortal, at, notebook, problem, safetensors, write
from softmark_cli import piece_sender

LOST = httpx.WriteError("broken pipe")
BUSY = httpx.Response(423, json=problem("upload_busy", "Another request sends it."))
WEIGHTS = safetensors(3 * 1000)


@pytest.fixture(autouse=True)
def files(signed_in: Softmark, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a notebook and weights that take four pieces."""
    monkeypatch.setattr(piece_sender, "PIECE", 1000)
    write(Path(), work_ipynb=notebook("1"), digits_safetensors=WEIGHTS)


def test_files_are_sent_in_pieces_and_the_receipt_is_printed(
    signed_in: Softmark, portal: FakePortal
) -> None:
    done = signed_in("submit", "cw1", "--yes")
    assert done.code == 0, done.err
    assert "Handed in as attempt 1." in done.out
    assert hashlib.sha256(WEIGHTS).hexdigest() in done.out
    assert portal.paths("PATCH").count("uploads/digits.safetensors/") == 4
    assert {request.url.host for request in portal.requests} == {"portal.example"}
    opening = next(
        r for r in portal.requests if r.url.path.endswith("opened-attempts/")
    )
    assert json.loads(opening.content)["declaration"] is True


def test_it_goes_on_after_each_break(signed_in: Softmark, portal: FakePortal) -> None:
    real = portal.on_uploads
    seen: list[str] = []

    def breaking(request: httpx.Request) -> httpx.Response:
        if "digits" not in request.url.path:
            return real(request)
        seen.append(request.method)
        number = len(seen)
        if number in {2, 5}:
            portal.arrived["digits.safetensors"] += request.content[:400]
            raise LOST
        if number == 8:
            return BUSY
        if number == 10:
            return httpx.Response(502)
        return real(request)

    portal.on_uploads = breaking  # type: ignore[method-assign]
    done = signed_in("submit", "cw1", ".", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.json["is_new"] is True
    assert portal.arrived["digits.safetensors"] == WEIGHTS
    assert portal.openings == 1
    assert seen == [
        *("HEAD", "PATCH", "HEAD", "PATCH", "PATCH", "HEAD"),
        *("PATCH", "PATCH", "HEAD", "PATCH", "HEAD", "PATCH"),
    ]


def test_a_lost_answer_to_the_last_step_is_asked_for_again(
    signed_in: Softmark, portal: FakePortal
) -> None:
    real = portal.on_opened_attempts
    lost: Iterator[bool] = iter([True])

    def losing(request: httpx.Request) -> httpx.Response:
        answer = real(request)
        if request.url.path.endswith("finish/") and next(lost, False):
            raise LOST
        return answer

    portal.on_opened_attempts = losing  # type: ignore[method-assign]
    assert signed_in("submit", "cw1", "--yes").code == 0
    assert len(portal.submissions) == 1


def test_a_file_that_the_portal_has_lost_is_sent_again(
    signed_in: Softmark, portal: FakePortal
) -> None:
    real = portal.on_opened_attempts
    lost: Iterator[bool] = iter([True])

    def losing(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("finish/") and next(lost, False):
            portal.arrived["digits.safetensors"] = b""
            words = "These files have not arrived completely: digits.safetensors."
            return httpx.Response(409, json=problem("attempt_incomplete", words))
        return real(request)

    portal.on_opened_attempts = losing  # type: ignore[method-assign]
    assert signed_in("submit", "cw1", "--yes").code == 0
    assert portal.paths("PATCH").count("uploads/digits.safetensors/") == 8


def test_a_command_that_is_run_again_goes_on_and_asks_nothing(
    signed_in: Softmark, portal: FakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("softmark_cli.hand_in.send_file", stop)
        done = signed_in("submit", "cw1", "--yes")
    assert done.code == 130
    assert "Run the same command again" in done.err
    portal.arrived["digits.safetensors"] = WEIGHTS[:2500]
    done = signed_in("submit", "cw1")
    assert done.code == 0, done.err
    assert portal.openings == 1
    assert portal.paths("PATCH").count("uploads/digits.safetensors/") == 1


def test_the_files_of_the_latest_attempt_make_no_second_one(
    signed_in: Softmark, portal: FakePortal
) -> None:
    assert signed_in("submit", "cw1", "--yes").code == 0
    done = signed_in("submit", "cw1", "--yes", "--json")
    assert (done.code, done.json["is_new"]) == (0, False)
    assert len(portal.submissions) == 1
    assert signed_in("submit", "cw1", "--yes", "--again").code == 0
    assert len(portal.submissions) == 2


def test_without_yes_and_without_a_terminal_nothing_is_handed_in(
    signed_in: Softmark, portal: FakePortal
) -> None:
    done = signed_in("submit", "cw1")
    assert done.code == 2
    assert "--yes" in done.err
    assert portal.openings == 0


def test_the_cost_of_lateness_is_said_before_it_is_asked(
    signed_in: Softmark, portal: FakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.cost_now = "Late by 3 hours: at most 40 of 100 points."
    monkeypatch.setattr(
        "softmark_cli.terminal_output.Output.asks", property(lambda _: True)
    )
    done = signed_in("submit", "cw1", stdin="n\n")
    assert done.code == 130
    assert done.err.index("at most 40 of 100") < done.err.index("own, unaided work.")
    assert portal.openings == 0
    done = signed_in("submit", "cw1", stdin="y\n")
    assert done.code == 0
    assert ", late" in done.out


def test_the_questions_of_the_assignment_are_answered(
    signed_in: Softmark, portal: FakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"is_number": False, "is_required": True}
    tools = {**row, "key": "a1", "text": "Which tools?"}
    hours = {**row, "key": "b2", "text": "Hours?", "is_number": True}
    portal.declaration = {
        "declaration": "I wrote it.",
        "declaration_questions": [tools, hours],
    }
    done = signed_in("submit", "cw1", "--yes", "--answer", "2=7", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "answer_missing")
    assert "1: Which tools?" in done.err
    assert "Hours?" not in done.err
    assert signed_in("submit", "cw1", "--yes", "--answer", "3=x").code == 2
    assert portal.openings == 0
    monkeypatch.setattr(
        "softmark_cli.terminal_output.Output.asks", property(lambda _: True)
    )
    done = signed_in("submit", "cw1", "--answer", "b2=7", stdin="\nnone\ny\n")
    assert done.code == 0, done.err
    assert "I wrote it." in done.err
    opening = next(
        r for r in portal.requests if r.url.path.endswith("opened-attempts/")
    )
    assert json.loads(opening.content)["answers"] == {"a1": "none", "b2": "7"}


def test_refusals_of_the_portal_are_told_before_a_byte_is_sent(
    signed_in: Softmark, portal: FakePortal
) -> None:
    words = {"message": "It closed.", "hint": "Ask for more time.", "file": ""}
    portal.refusals = [
        {"code": "closed", **words},
        {"code": "attempts_used_up", **words},
    ]
    done = signed_in("submit", "cw1", "--yes", "--json")
    assert done.code == 4
    assert [each["code"] for each in done.json["error"]["findings"]] == [
        "closed",
        "attempts_used_up",
    ]
    assert portal.openings == 0


def test_an_attempt_with_other_files_is_dropped_only_on_request(
    signed_in: Softmark, portal: FakePortal
) -> None:
    row = {"name": "work.ipynb", "sha256": "0" * 64, "url": "http://x/"}
    times = {"opened_at": at(0), "complete_by": at(1), "expires_at": at(2)}
    portal.opened = {"id": "other", "files": [row], "submission": None, **times}
    done = signed_in("submit", "cw1", "--yes", "--json")
    assert (done.code, done.json["error"]["code"]) == (4, "attempt_open")
    assert signed_in("submit", "cw1", "--yes", "--replace").code == 0
    assert portal.openings == 1


def test_files_that_the_portal_refuses_are_told_with_their_names(
    signed_in: Softmark, portal: FakePortal
) -> None:
    real = portal.on_opened_attempts

    def refusing(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("finish/"):
            return real(request)
        first = problem("notebook_kernel", "It is not Python.", "work.ipynb")
        second = problem("state_dict_zip", "It is cut.", "digits.safetensors")
        return httpx.Response(400, json={"errors": first["errors"] + second["errors"]})

    portal.on_opened_attempts = refusing  # type: ignore[method-assign]
    done = signed_in("submit", "cw1", "--yes")
    assert done.code == 4
    assert "no attempt was used" in done.err
    assert "with --replace" in done.err
    assert "work.ipynb: It is not Python." in done.err
    assert "digits.safetensors: It is cut." in done.err


def test_a_file_that_became_shorter_is_not_handed_in(
    signed_in: Softmark, portal: FakePortal
) -> None:
    real = portal.on_opened_attempts

    def shortening(request: httpx.Request) -> httpx.Response:
        write(Path(), digits_safetensors=WEIGHTS[:500])
        return real(request)

    portal.on_opened_attempts = shortening  # type: ignore[method-assign]
    done = signed_in("submit", "cw1", "--yes", "--json")
    assert (done.code, done.json["error"]["code"]) == (4, "file_changed")
    assert portal.submissions == []


def test_it_gives_up_after_ten_minutes_and_says_how_to_go_on(
    signed_in: Softmark, portal: FakePortal
) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise LOST

    portal.on_uploads = broken  # type: ignore[method-assign]
    done = signed_in("submit", "cw1", "--yes")
    assert done.code == 6
    assert 600 <= sum(portal.pauses) < 700
    assert "Run the same command again" in done.err


def test_work_of_which_nothing_is_run_is_done(
    signed_in: Softmark, portal: FakePortal
) -> None:
    portal.run["verdict"] = "nothing_run"
    done = signed_in("submit", "cw1", "--yes", "--watch")
    assert done.code == 0
    assert "points" not in done.out


def test_the_run_is_followed_and_decides_the_exit_status(
    signed_in: Softmark, portal: FakePortal
) -> None:
    portal.run["verdict"] = "limit"
    done = signed_in("submit", "cw1", "--yes", "--watch", "--json")
    assert done.code == 7
    assert done.json["run"]["verdict"] == "limit"
