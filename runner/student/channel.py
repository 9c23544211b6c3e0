"""The student process's end of the socket to the host."""

import os
import signal
import socket
from collections.abc import Sequence
from types import FrameType

from runner.frames import SMALL_FRAME, Channel, FrameError, pack


class StudentChannel:
    """Sends whole frames, whatever interrupts; forked copies of the process send none.

    SIGINT raises KeyboardInterrupt only while a cell runs, and never inside a frame.
    """

    def __init__(self, fd: int) -> None:
        self.channel = Channel(socket.socket(fileno=fd))
        self.executing = False
        self.max_output = SMALL_FRAME
        self._owner = os.getpid()
        self._sending = False
        self._interrupted = False
        signal.signal(signal.SIGINT, self._on_interrupt)

    @property
    def is_mine(self) -> bool:
        """Say whether this process is the one that the host talks to."""
        return os.getpid() == self._owner

    def send(self, message: dict[str, object]) -> None:
        """The frame is sent, or a note that it was too large."""
        if not self.is_mine:
            return
        self._sending = True
        try:
            self.channel.send(message)
        except FrameError:
            self.channel.send({"t": "dropped"})
        finally:
            self._sending = False
        if self._interrupted:
            self._interrupted = False
            raise KeyboardInterrupt

    def send_output(self, message: dict[str, object]) -> None:
        """The output is sent unless it is too large or not plain data."""
        try:
            fits = len(pack(message)) <= self.max_output
        except FrameError:
            fits = False
        self.send(message if fits else {"t": "dropped"})

    def receive(self) -> tuple[dict[str, object], Sequence[int]]:
        """Wait for the host's next word."""
        return self.channel.receive()

    def _on_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self._sending:
            self._interrupted = self.executing
        elif self.executing:
            raise KeyboardInterrupt
