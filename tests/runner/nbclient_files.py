"""nbclient's own test notebooks, from its source distribution as in the lock file.

They are not ours to keep in the repository. pip fetches them once and checks them
against the lock file's hashes; they stay in `build/`.
"""

import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from tests.runner.peer import ROOT

_LOCK: Final = ROOT / "requirements" / "dev.txt"
_PIN: Final = re.compile(r"^nbclient==(\S+)(?: \\\n +--hash=\S+)+$", re.MULTILINE)
_UNREACHED: Final = ("No matching distribution found", "Connection", "timed out")
_DOWNLOAD: Final = (
    *("-m", "pip", "download", "--quiet", "--retries", "1", "--timeout", "15"),
    *("--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--require-hashes"),
)


class UnreachableError(Exception):
    """The package index cannot be reached; `str` gives pip's last line."""


def fetch_notebooks() -> Path:
    """Return the folder with the notebooks and the files that they read."""
    pin = _PIN.search(_LOCK.read_text())
    assert pin is not None, f"nbclient is not in {_LOCK}"
    target = ROOT / "build" / f"nbclient-{pin[1]}"
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            unpacked = _unpack(_download(pin[0], Path(scratch)), Path(scratch))
            try:
                unpacked.rename(target)
            except OSError:
                # Another test worker unpacked them first.
                if not target.exists():
                    raise
    return target


def _download(pin: str, scratch: Path) -> Path:
    wanted, found = scratch / "wanted.txt", scratch / "found"
    wanted.write_text(pin)
    done = subprocess.run(
        [sys.executable, *_DOWNLOAD, "-r", str(wanted), "-d", str(found)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and any(words in done.stderr for words in _UNREACHED):
        raise UnreachableError(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    (archive,) = found.iterdir()
    return archive


def _unpack(archive: Path, scratch: Path) -> Path:
    """Copy the plain files of one folder, named by their last path parts only."""
    target = scratch / "files"
    target.mkdir()
    with tarfile.open(archive) as source:
        for member in source:
            folder, _, name = member.name.rpartition("/")
            content = source.extractfile(member) if member.isfile() else None
            if content is not None and folder.endswith("/tests/files"):
                with (target / name).open("wb") as sink:
                    shutil.copyfileobj(content, sink)
    return target
