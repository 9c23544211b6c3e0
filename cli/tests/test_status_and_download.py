"""Following a run, and downloading an attempt."""

import json
from pathlib import Path

import httpx
import pytest

from command_runner import Softmark
from fake_portal import FakePortal, notebook, write
from softmark_cli.saved_files import safe_path


@pytest.fixture
def handed_in(signed_in: Softmark, portal: FakePortal) -> Softmark:
    """Give the program after an attempt was handed in."""
    write(Path(), work_ipynb=notebook("1"))
    assert signed_in("submit", "cw1", "--yes").code == 0
    portal.requests.clear()
    return signed_in


def test_nothing_handed_in_is_not_found(
    signed_in: Softmark, portal: FakePortal
) -> None:
    assert signed_in("status", "cw1").code == 5
    assert signed_in("download", "cw1").code == 5
    assert signed_in("status", "cw2").code == 5


def test_status_shows_results_as_text_and_as_json(
    handed_in: Softmark, portal: FakePortal
) -> None:
    done = handed_in("status", "cw1")
    assert done.code == 0
    assert "1.00 of 2.00 points." in done.out
    assert "expected 3\N{REPLACEMENT CHARACTER}[31m" in done.out
    assert handed_in("status", "cw1", "--json").json["state"] == "finished"
    assert handed_in("status", "cw1", "--attempt", "4").code == 5


def test_watch_asks_as_often_as_the_portal_says_and_sends_the_tag(
    handed_in: Softmark, portal: FakePortal
) -> None:
    portal.run = {"state": "running", "verdict": "", "poll": 2}
    real = portal.on_runs
    seen: list[int] = []

    def ending(request: httpx.Request) -> httpx.Response:
        if len(seen) == 3:
            portal.run = {"state": "finished", "verdict": "completed", "poll": None}
        answer = real(request)
        seen.append(answer.status_code)
        return answer

    portal.on_runs = ending  # type: ignore[method-assign]
    assert handed_in("status", "cw1", "--watch").code == 0
    assert seen == [200, 304, 304, 200]
    assert portal.pauses == [2, 2.5, 3.125]


def test_an_attempt_is_downloaded_whole(
    handed_in: Softmark, portal: FakePortal
) -> None:
    done = handed_in("download", "cw1")
    assert done.code == 0, done.err
    folder = Path("cw1-attempt-1")
    assert folder.joinpath("work.ipynb").read_bytes() == notebook("1")
    assert folder.joinpath("executed", "work.ipynb").read_bytes() == b"executed"
    receipt = json.loads(folder.joinpath("receipt.json").read_text("utf-8"))
    assert receipt["attempt"] == 1
    assert folder.joinpath("results.json").exists()
    assert [path.name for path in folder.rglob("*.part")] == []
    assert folder.joinpath("receipt.txt").read_text() == "Softmark receipt\n"
    # What is there already is neither sent again nor refused.
    assert handed_in("download", "cw1").code == 0
    assert portal.paths("GET").count("files/work.ipynb") == 1


def test_other_files_are_not_overwritten(
    handed_in: Softmark, portal: FakePortal
) -> None:
    Path("cw1-attempt-1").mkdir()
    Path("cw1-attempt-1/work.ipynb").write_text("mine")
    done = handed_in("download", "cw1", "--json")
    assert (done.code, done.json["error"]["code"]) == (4, "file_exists")
    assert Path("cw1-attempt-1/work.ipynb").read_text() == "mine"
    assert handed_in("download", "cw1", "--force").code == 0


def test_a_file_whose_content_was_removed_is_told_of(
    handed_in: Softmark, portal: FakePortal
) -> None:
    portal.submissions[0]["files"][0]["url"] = None
    done = handed_in("download", "cw1")
    assert done.code == 0
    assert "has removed its content" in done.err
    assert not Path("cw1-attempt-1/work.ipynb").exists()


def test_a_damaged_file_is_not_kept(handed_in: Softmark, portal: FakePortal) -> None:
    portal.arrived["work.ipynb"] = b"other"
    done = handed_in("download", "cw1", "--json")
    assert (done.code, done.json["error"]["code"]) == (1, "wrong_sha256")
    assert not list(Path().rglob("cw1-attempt-1/*"))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("work.ipynb", "work.ipynb"),
        ("data/train.csv", "data/train.csv"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Windows\\x.txt", "C_/Windows/x.txt"),
        ("con.txt", "_con.txt"),
        ("a:b?.txt", "a_b_.txt"),
        ("x\x1b[2J.txt", "x_[2J.txt"),
        ("..", "file"),
        ("", "file"),
    ],
)
def test_a_name_stays_below_the_folder(name: str, path: str) -> None:
    assert str(safe_path(name)) == path
