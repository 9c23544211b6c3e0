"""The folders of a job and the files that lie in each, for notebook and grader."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from runner.protocol.jobs import JobFile, JobSpec


class Folder(StrEnum):
    """A folder of a job, whatever its path is.

    WORK is the folder in which the process runs. FILES holds copies of files, which the
    process cannot change. Only a grader has PRIVATE, and MODULES, from which it may
    import.
    """

    WORK = "work"
    FILES = "files"
    PRIVATE = "private"
    MODULES = "modules"


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A file, and the folders that it lies in."""

    file: JobFile
    folders: tuple[Folder, ...]


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The files that a process finds, and its notebook with a name if it runs one.

    `has_snapshots` says that snapshots of the process will hold memory of their own.
    """

    files: Sequence[Placed] = ()
    has_snapshots: bool = False
    notebook_name: str = ""
    notebook: str = ""

    @property
    def sizes(self) -> list[int]:
        """The bytes of each file and of the notebook, at most."""
        return [len(self.notebook) * 4, *(one.file.size for one in self.files)]


def for_student(spec: JobSpec) -> Contents:
    """Return the notebook and the files beside it."""
    files = [
        Placed(file=file, folders=(Folder.WORK, Folder.FILES))
        for file in (*handed_in(spec), *spec.public_files)
    ]
    return Contents(
        files=files,
        notebook_name=spec.notebook_name,
        notebook=spec.notebook,
        has_snapshots=bool(spec.questions),
    )


def for_grader(spec: JobSpec) -> Contents:
    """Return the files that the tests find: the same ones, and private ones.

    No handed-in file lies in the folder in which the tests run, or where modules are
    looked for: an interpreter that a test starts would run it, or read it as settings.
    """
    files = [Placed(file=file, folders=(Folder.FILES,)) for file in handed_in(spec)]
    files += [
        Placed(file=file, folders=(Folder.WORK, Folder.FILES, Folder.MODULES))
        for file in spec.public_files
    ]
    files += [
        Placed(file=file, folders=(Folder.PRIVATE,)) for file in spec.private_files
    ]
    return Contents(files=files)


def handed_in(spec: JobSpec) -> list[JobFile]:
    """Return the student's files, without those that have the name of a course's file."""
    taken = {file.name for file in spec.public_files}
    return [file for file in spec.files if file.name not in taken]
