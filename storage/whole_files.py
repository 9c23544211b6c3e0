"""Files of materials in a folder: each has its name only once it is whole."""

import os
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage

from storage.durable_files import part_file


class WholeFileStorage(FileSystemStorage):
    """Django's storage, but a full disk leaves neither half a file nor a cut one.

    Django writes from another file system straight to the name, and does not look how
    much of the last piece was written.
    """

    def _save(self, name: str, content: "File[Any]") -> str:
        if self._can_be_renamed(content):
            return self._rename(name, content)
        folder = Path(self.path(name)).parent
        folder.mkdir(parents=True, exist_ok=True)
        with part_file(folder) as part:
            for chunk in content.chunks():
                part.write(chunk)
            part.flush()
            os.fsync(part.fileno())
            return self._rename(name, _WholeFile(part))

    def _rename(self, name: str, content: "File[Any]") -> str:
        saved: str = super()._save(name, content)  # type: ignore[misc]
        return saved

    def _can_be_renamed(self, content: "File[Any]") -> bool:
        """Return whether the content is a file in this file system."""
        path = getattr(content, "temporary_file_path", None)
        folder = Path(self.location)
        folder.mkdir(parents=True, exist_ok=True)
        return path is not None and Path(path()).stat().st_dev == folder.stat().st_dev


class _WholeFile(File[bytes]):
    """A file that Django renames instead of copying it."""

    def temporary_file_path(self) -> str:
        return str(self.name)
