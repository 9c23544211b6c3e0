"""torch's data loaders in a snapshot: workers that the notebook started are not there."""

import os
from collections.abc import Collection, Iterator
from typing import Any, Final

from torch.utils.data import DataLoader

# Iterators of the notebook's process. Deleting one would wait for its workers.
_left: Final[list[object]] = []


def start_workers_anew(children: Collection[int]) -> None:
    """Let a loader with `persistent_workers` start workers of this process's own.

    The notebook's workers are among its children, not a snapshot's, and have ended. Call
    it once in each snapshot.
    """
    usual: Any = DataLoader.__iter__

    def is_elsewhere(worker: Any) -> bool:
        return worker.pid in children or worker._parent_pid != os.getpid()  # noqa: SLF001

    def iterate(loader: Any) -> Iterator[Any]:
        workers = getattr(loader._iterator, "_workers", ())  # noqa: SLF001 - torch has no other way
        if workers and is_elsewhere(workers[0]):
            _left.append(loader._iterator)  # noqa: SLF001
            loader._iterator = None  # noqa: SLF001
        found: Iterator[Any] = usual(loader)
        return found

    DataLoader.__iter__ = iterate  # type: ignore[assignment,method-assign]
