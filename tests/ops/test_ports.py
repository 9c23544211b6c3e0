"""For a port that is not available, the error names the port and the variable."""

import socket
from pathlib import Path

import pytest

from portal.supervisor.ports import setting_value, why_not_listening
from tests.services.portal import free_port


def test_free_port_is_accepted() -> None:
    assert why_not_listening("127.0.0.1", str(free_port())) == ""


def test_taken_port_is_named_with_the_variable() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        reason = why_not_listening("127.0.0.1", str(port))
    assert f"Port {port} is taken" in reason
    assert "PORT" in reason


def test_a_word_is_not_a_port() -> None:
    assert "not a port" in why_not_listening("127.0.0.1", "http")


def test_address_of_another_machine_is_refused() -> None:
    assert "Cannot listen on 192.0.2.1" in why_not_listening(
        "192.0.2.1", str(free_port())
    )


def test_port_of_the_env_file_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PORT", raising=False)
    (tmp_path / ".env").write_text("SECRET_KEY=x\nPORT = 9100\n")
    assert setting_value("PORT", "8000", tmp_path / ".env") == "9100"


def test_environment_overrides_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "9200")
    (tmp_path / ".env").write_text("PORT=9100\n")
    assert setting_value("PORT", "8000", tmp_path / ".env") == "9200"
