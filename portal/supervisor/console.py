"""One console for many programs: each line begins with the name of its program."""

import os
import sys
import threading
from typing import IO, Final

COLOURS: Final = {"broker": 35, "web": 36, "worker": 32, "beat": 33, "softmark": 34}
NAME_WIDTH: Final = 8
# A longer line is shown in parts, so that no program can fill the memory.
LONGEST_LINE: Final = 8192


class Console:
    """Writes whole lines, from any thread, to the supervisor's standard output."""

    def __init__(self, out: IO[str] | None = None) -> None:
        self.out = out if out is not None else sys.stdout
        self.coloured = self.out.isatty() and not os.environ.get("NO_COLOR")
        self._lock = threading.Lock()
        self._followers: list[threading.Thread] = []

    def line(self, name: str, text: str) -> None:
        """Write one line with the name before it."""
        label = f"{name:<{NAME_WIDTH}}|"
        if self.coloured:
            label = f"\x1b[{COLOURS.get(name, 37)}m{label}\x1b[0m"
        self._write(f"{label} {text}\n")

    def say(self, text: str) -> None:
        """Write a line of the supervisor's own."""
        self.line("softmark", text)

    def plain(self, text: str) -> None:
        """Write text as it is."""
        self._write(f"{text}\n")

    def follow(
        self, name: str, stream: IO[bytes], *, hidden: tuple[str, ...] = ()
    ) -> None:
        """Copy the stream's lines, in a thread of its own, until the stream ends."""
        follower = threading.Thread(
            target=self._copy,
            args=(name, stream, hidden),
            name=f"log-{name}",
            daemon=True,
        )
        follower.start()
        self._followers = [f for f in self._followers if f.is_alive()] + [follower]

    def drain(self, *, seconds: float = 1.0) -> None:
        """Wait until all that the programs wrote before they ended has been shown.

        It waits at most `seconds` for each program.
        """
        for follower in self._followers:
            follower.join(seconds)

    def _copy(self, name: str, stream: IO[bytes], hidden: tuple[str, ...]) -> None:
        with stream:
            while part := stream.readline(LONGEST_LINE):
                text = part.decode(errors="replace").rstrip()
                if text and not any(words in text for words in hidden):
                    self.line(name, text)

    def _write(self, text: str) -> None:
        with self._lock:
            try:
                self.out.write(text)
                self.out.flush()
            except (OSError, ValueError):
                # The terminal is gone; the portal goes on without it.
                return
