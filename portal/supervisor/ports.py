"""Checks whether the web port is free: `python ports.py [ENV_FILE]`.

It is run as a script by any Python, before anything is installed or started. BIND and
PORT come from the environment or else from the file, as in the settings.
"""

import errno
import os
import socket
import sys
from pathlib import Path

HIGHEST_PORT = 65535


def why_not_listening(bind: str, port: str) -> str:
    """Return why nobody can listen on the port, in words that say what to do, or ""."""
    if not port.isdecimal() or not 0 < int(port) <= HIGHEST_PORT:
        return f"PORT is {port!r}, which is not a port: make run PORT=8000"
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind.strip("[]"), int(port)))
            probe.listen(1)
        except PermissionError:
            return (
                f"Port {port} is only for root. Choose another with PORT: "
                "make run PORT=8000"
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return (
                    f"Port {port} is taken by another program. Choose another "
                    f"with PORT: make run PORT={int(port) % HIGHEST_PORT + 1}"
                )
            return f"Cannot listen on {bind} port {port}: {error.strerror}"
    return ""


def setting_value(name: str, default: str, env_file: Path) -> str:
    """Return the variable's value: the environment's, the file's, or the default."""
    if os.environ.get(name):
        return os.environ[name]
    lines = env_file.read_text().splitlines() if env_file.is_file() else []
    found = [line for line in lines if line.partition("=")[0].strip() == name]
    return found[-1].partition("=")[2].strip() if found else default


def main(env_file: Path) -> str:
    """Return why the portal could not listen, or ""."""
    bind = setting_value("BIND", "127.0.0.1", env_file)
    return why_not_listening(bind, setting_value("PORT", "8000", env_file))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".env")) or 0)
