"""The order that tells a student process its GPU, and the report that comes back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class CudaOrder:
    """The one device to use, how much of its memory, and the job's seed."""

    uuid: str
    memory_bytes: int
    seed: int

    def to_frame(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_frame(cls, frame: Mapping[str, Any]) -> "CudaOrder":
        return cls(**{field.name: frame[field.name] for field in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class CudaReport:
    """What CUDA reports about the device and its own versions, before any cell runs."""

    name: str
    capability: str
    total_bytes: int
    driver: str
    cuda: str
    cudnn: str

    def to_frame(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_frame(cls, frame: Mapping[str, Any]) -> "CudaReport":
        """Return the report in the frame. Raises ValueError if it is not a report."""
        values = {field.name: frame.get(field.name) for field in fields(cls)}
        for field in fields(cls):
            if type(values[field.name]) is not field.type:
                raise ValueError(f"not a report: {field.name} is missing or invalid")
        return cls(**values)  # type: ignore[arg-type]  # checked one by one above

    def versions(self) -> dict[str, str]:
        """Return the versions to record beside those of the environment."""
        return {"cuda": self.cuda, "cudnn": self.cudnn, "cuda driver": self.driver}
