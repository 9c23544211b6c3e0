"""The student process's end of the socket to the host."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from types import FrameType

from runner.inside.student import reserved_descriptors
from runner.wire.frames import SMALL_FRAME, Channel, FrameError, pack


class StudentChannel:
    """A channel that sends whole frames, even if a signal comes. Forks send nothing.

    SIGINT has no effect until a cell runs, and never interrupts a frame.
    """

    def __init__(self, fd: int) -> None:
        self.channel = Channel(socket.socket(fileno=fd))
        self.max_output = SMALL_FRAME
        self._owner = os.getpid()
        self._one_at_a_time = threading.RLock()
        self._interrupted = False
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    @property
    def is_mine(self) -> bool:
        """Whether this process is the one that the host talks to, and not a fork."""
        return os.getpid() == self._owner

    def send(self, message: dict[str, object]) -> None:
        """Send the frame, or a note that it was too large."""
        if not self.is_mine:
            return
        with self.exclusive():
            try:
                self.channel.send(message)
            except FrameError:
                self.channel.send({"t": "dropped"})

    def send_output(self, message: dict[str, object]) -> None:
        """Send the output, or a note that it was too large or not plain data."""
        try:
            fits = len(pack(message)) <= self.max_output
        except FrameError:
            fits = False
        self.send(message if fits else {"t": "dropped"})

    def receive(self) -> tuple[dict[str, object], Sequence[int]]:
        """Wait for the host's next frame."""
        self.channel.wait()
        with reserved_descriptors.lifted():
            return self.channel.receive()

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other threads from sending inside, and delay an interrupt to the end."""
        if not self.is_mine:
            # The lock may have been held at the fork, and no thread here would release it.
            yield
            return
        with self._one_at_a_time, self._uninterrupted():
            yield

    @contextlib.contextmanager
    def _uninterrupted(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread handles signals
            return
        handler = signal.signal(signal.SIGINT, self._note_interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, handler)
        if self._interrupted:
            self._interrupted = False
            signal.raise_signal(signal.SIGINT)

    def _note_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupted = True
