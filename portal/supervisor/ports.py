"""Whether the web port can be had: `python ports.py BIND PORT`.

Run as a script by any Python, before anything is installed or started.
"""

import errno
import socket
import sys

HIGHEST_PORT = 65535


def refusal(bind: str, port: str) -> str:
    """Return why nobody can listen there, in words that say what to do, or ""."""
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


if __name__ == "__main__":
    sys.exit(refusal(*sys.argv[1:3]) or 0)
