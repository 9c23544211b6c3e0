"""Standard output and error as notebooks use them, and the order between outputs.

All text goes to the captured descriptors 1 and 2, including that of C code and of child
processes, and the host reads it at any time. Before any other output is sent, the text
that still waits there is sent first (`Drain`), so that outputs keep their order.
"""

import base64
import contextlib
import fcntl
import io
import os
import struct
import termios
from typing import Final

from runner.inside.student.channel import StudentChannel

_CHUNK: Final = 128 * 1024
_NAMES: Final = ("stdout", "stderr")


def waiting_bytes(fd: int) -> int:
    """Return how many bytes wait in the pipe."""
    answer = fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4)
    return int(struct.unpack("i", answer)[0])


class Drain:
    """The sender of text that waits in the captured descriptors to the host, in order."""

    def __init__(self, fds: tuple[int, int], channel: StudentChannel) -> None:
        self._fds = dict(zip(_NAMES, fds, strict=True))
        self._channel = channel

    def send_other_streams(self, name: str) -> None:
        """Send the other stream's waiting text before stream `name` gets more."""
        if any(waiting_bytes(fd) for other, fd in self._fds.items() if other != name):
            self.send_all()

    def send_all(self) -> None:
        """Send all waiting text of both streams, unless this is a forked child."""
        if not self._channel.is_mine:
            return
        with self._channel.exclusive():
            for name, fd in self._fds.items():
                if waiting_bytes(fd):
                    self._take(name, fd)

    def _take(self, name: str, fd: int) -> None:
        """Send the text that waits now, and no more if another thread goes on writing."""
        left = waiting_bytes(fd)
        with contextlib.suppress(BlockingIOError):
            while left > 0:
                data = os.read(fd, min(left, _CHUNK))
                left -= len(data)
                text = base64.b64encode(data).decode()
                self._channel.send({"t": "stream", "name": name, "data": text})


class CapturedStream(io.TextIOBase):
    """A text stream without a buffer over a captured descriptor."""

    encoding = "UTF-8"
    errors = "backslashreplace"

    def __init__(self, fd: int, name: str, drain: Drain) -> None:
        super().__init__()
        self.name = name
        self.buffer = io.FileIO(fd, "w", closefd=False)
        self._fd = fd
        self._stream = name
        self._drain = drain

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        data = memoryview(text.encode("utf-8", "backslashreplace"))
        self._drain.send_other_streams(self._stream)
        while data:
            data = data[os.write(self._fd, data) :]
        return len(text)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        """Stay open: a notebook that closes its output would lose the rest of it."""
