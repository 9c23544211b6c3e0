"""What the host tells the zygote about a job that it is to start."""

from dataclasses import asdict, dataclass
from typing import Final

from runner.frames import Frame

# Descriptors that come with an order, in this sequence.
DESCRIPTORS: Final = ("host", "channel", "stdout", "stderr", "drain_out", "drain_err")


@dataclass(frozen=True, kw_only=True)
class Order:
    """Where a job runs and what the kernel is to hold it to.

    `uid` is None if the host is no root, and the job then runs as the host's user.
    """

    folder: str
    uid: int | None
    memory_bytes: int
    disk_bytes: int
    processes: int
    open_files: int
    cpu_seconds: int

    def to_frame(self) -> Frame:
        return {"t": "job", "order": asdict(self)}

    @classmethod
    def from_frame(cls, frame: Frame) -> "Order":
        return cls(**frame["order"])
