"""Credentials: which addresses take a token, and where it is stored."""

import os
from pathlib import Path

import pytest

from command_runner import Softmark
from fake_portal import ADDRESS, TOKEN, FakePortal
from softmark_cli.command_errors import CommandError
from softmark_cli.credentials import checked_address, credentials_path


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("portal.example", "https://portal.example"),
        ("https://portal.example/", "https://portal.example"),
        ("https://portal.example/dl/api/v1/", "https://portal.example/dl"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_is_kept_without_the_api(given: str, kept: str) -> None:
    assert checked_address(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "http://portal.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "ftp://portal.example",
        "https://sam:word@portal.example",
        "https://portal.example/?next=x",
        "https://",
        "https://portal.example:port",
        "https://portal example",
    ],
)
def test_an_address_that_would_give_the_token_away_is_refused(given: str) -> None:
    with pytest.raises(CommandError):
        checked_address(given)


def test_login_stores_a_token_that_works(
    softmark: Softmark, portal: FakePortal
) -> None:
    done = softmark("login", ADDRESS, stdin=f"{TOKEN}\n")
    assert done.code == 0, done.err
    assert "as Sam" in done.out
    assert TOKEN not in done.out + done.err
    path = credentials_path()
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o644)
    assert softmark("courses").code == 0
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    assert softmark("logout").code == 0
    assert softmark("courses").code == 3
    assert portal.paths("GET") == ["me/", "courses/"]


def test_a_token_that_does_not_work_is_not_stored(
    softmark: Softmark, portal: FakePortal
) -> None:
    done = softmark("login", ADDRESS, "--json", stdin="sm_wrong")
    assert done.code == 3
    assert done.json["error"]["code"] == "authentication_failed"
    assert not credentials_path().exists()
    assert len(portal.requests) == 1


def test_a_token_is_no_argument_and_no_blank(softmark: Softmark) -> None:
    assert softmark("login", ADDRESS, TOKEN).code == 2
    for text in ("", "two words", "sm_\u00e9", "sm_a\nAuthorization: x"):
        assert softmark("login", ADDRESS, stdin=text).code == 2


def test_the_stored_token_is_sent_to_the_stored_address_alone(
    softmark: Softmark, portal: FakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert softmark("login", ADDRESS, stdin=TOKEN).code == 0
    monkeypatch.setenv("SOFTMARK_ADDRESS", "https://other.example")
    assert softmark("courses").code == 3
    assert {request.url.host for request in portal.requests} == {"portal.example"}


def test_unreadable_credentials_are_told_in_words(softmark: Softmark) -> None:
    path = credentials_path()
    path.parent.mkdir()
    for text in ("", "[]", '{"address": 1}', '{"address": "http://a.example"}'):
        path.write_text(text)
        done = softmark("courses")
        assert done.code == 2
        assert "Traceback" not in done.err


def test_a_folder_that_cannot_be_written_is_told_in_words(
    softmark: Softmark, portal: FakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("file").write_text("")
    monkeypatch.setenv("SOFTMARK_CONFIG", str(Path("file").resolve()))
    done = softmark("login", ADDRESS, "--json", stdin=TOKEN)
    assert done.code == 2
    assert "credentials_unwritable" in done.out


def test_help_lists_the_exit_status(softmark: Softmark, tmp_path: Path) -> None:
    assert "6 no connection" in softmark("--help").out
    assert softmark("--version").out.startswith("softmark ")
    assert not (tmp_path / "config").exists()
