"""The order with which the host tells a zygote to start a job."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from runner.wire.frames import Frame

# The descriptors that are sent with an order, in this sequence.
DESCRIPTORS: Final = ("host", "channel", "stdout", "stderr", "drain_out", "drain_err")


class Role(StrEnum):
    """The process that runs in a jail: a notebook's, or a grader's, which has tests."""

    STUDENT = "student"
    GRADER = "grader"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The limits that the kernel enforces on a job. Jobs of one shape can use one jail.

    `shared_bytes` is the size of the job's shared memory. `nodes` are device files that
    it may use beside the usual ones, and `libraries` are files that it may read. `gpu`
    is the name of the one device on which CUDA is started, "" for none.
    """

    role: Role = Role.STUDENT
    memory_bytes: int
    disk_bytes: int
    shared_bytes: int
    processes: int
    open_files: int
    cpu_seconds: int
    nodes: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    gpu: str = ""


@dataclass(frozen=True, kw_only=True)
class Order:
    """A job to start: its shape, its user, and its folder.

    `uid` is None if the host is not root; the job then runs as the host's user. `folder`
    is the job's folder at level L0, and "" in a jail, which has its own. `is_grouped`
    says that a control group counts all of the job's memory.
    """

    shape: Shape
    uid: int | None = None
    folder: str = ""
    is_grouped: bool = False

    @property
    def is_jailed(self) -> bool:
        return not self.folder

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Order":
        return cls.from_frame({"order": json.loads(text)})

    def to_frame(self) -> Frame:
        return {"t": "job", "order": asdict(self)}

    @classmethod
    def from_frame(cls, frame: Frame) -> "Order":
        fields = dict(frame["order"])
        shape = dict(fields.pop("shape"))
        for name in ("nodes", "libraries"):
            shape[name] = tuple(shape[name])
        shape["role"] = Role(shape["role"])
        return cls(shape=Shape(**shape), **fields)
