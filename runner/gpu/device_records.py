"""The records on disk of each device: which worker has it, and why it takes no jobs."""

import fcntl
import json
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import Final

from runner.gpu.device_faults import Fault

_UUID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,79}")


class DeviceRecords:
    """A folder with a few small files for each device, shared by a host's workers.

    A record of quarantine outlives the worker that wrote it. A person ends it with
    `release`, in any process, or by removing `<uuid>.json`.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._locks: list[int] = []

    def claim(self, uuid: str) -> bool:
        """Lock the device for us. Return False if another worker has it.

        Two ledgers for one device would give out more memory than there is. The lock
        ends with `close`, or with the process.
        """
        flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        fd = os.open(self._path(uuid, ".lock"), flags, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        self._locks.append(fd)
        return True

    def put(self, uuid: str, fault: Fault) -> None:
        """Put the device in quarantine. A fault that needs a person stays the reason."""
        known = self.get(uuid)
        if known is not None and known.needs_person:
            return
        draft = self._path(uuid, ".new")
        draft.write_text(json.dumps(asdict(fault)))
        draft.replace(self._path(uuid, ".json"))

    def get(self, uuid: str) -> Fault | None:
        """Return why the device is in quarantine, or None if it is not."""
        path = self._path(uuid, ".json")
        try:
            data = json.loads(path.read_text())
            return Fault(
                reason=str(data["reason"]), needs_person=bool(data["needs_person"])
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError):
            return Fault(
                reason="the record of its quarantine cannot be read", needs_person=True
            )

    def release(self, uuid: str) -> None:
        """End the quarantine of the device."""
        self._path(uuid, ".json").unlink(missing_ok=True)

    def close(self) -> None:
        """Give up all devices that we have claimed."""
        while self._locks:
            os.close(self._locks.pop())

    def _path(self, uuid: str, suffix: str) -> Path:
        if not _UUID.fullmatch(uuid):
            raise ValueError(f"not a valid name of a device: {uuid!r}")
        return self._folder / f"{uuid}{suffix}"
