"""Match the files that a person gives to the files that an assignment asks for."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from softmark_cli.command_errors import CommandError, ExitCode, Finding
from softmark_cli.portal_rows import RequiredFile

_BLOCK: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class ChosenFile:
    """A file of the person's, and the required name under which it is handed in."""

    name: str
    path: Path

    @property
    def words(self) -> str:
        """The file's own name, and the required one if it is another."""
        own = self.path.name
        return own if own == self.name else f"{own} as {self.name}"


@dataclass(frozen=True, kw_only=True)
class DeclaredFile:
    """A chosen file with the size and the hash that it had when it was read."""

    chosen: ChosenFile
    size: int
    sha256: str


def choose_files(
    given: Sequence[str], required: Sequence[RequiredFile], folder: Path
) -> tuple[list[ChosenFile], list[Finding]]:
    """Return the chosen files, and what is wrong with the choice.

    Each of `given` is a path, or NAME=PATH with a required name. A folder stands for
    the required files in it. If nothing is given, they are looked for in `folder`.
    """
    chosen: dict[str, ChosenFile] = {}
    findings: list[Finding] = []
    wanted = _wanted(given or [str(folder)], required)
    for name, path in wanted:
        target = name or _place_of(path, required, chosen)
        if target is None:
            findings.append(_not_asked_for(path, required, chosen))
        elif target in chosen:
            findings.append(_twice(target, path))
        else:
            chosen[target] = ChosenFile(name=target, path=path)
    missing = (
        each for each in required if each.name not in chosen and not each.is_optional
    )
    findings += (_missing(each.name) for each in missing)
    return list(chosen.values()), findings


def _wanted(
    given: Sequence[str], required: Sequence[RequiredFile]
) -> Iterator[tuple[str, Path]]:
    """Yield each file with the required name that was named for it, or "".

    Files that were named for a place come first, and then those with the exact name,
    so that no other file takes their place.
    """
    names = [each.name for each in required]
    found: list[tuple[str, Path]] = []
    for words in given:
        name, path = split_mapping(words, names)
        if not name and path.is_dir():
            own = (path / each for each in names)
            found += (("", each) for each in own if each.is_file())
        else:
            found.append((name, path))
    yield from (one for one in found if one[0])
    rest = [one for one in found if not one[0]]
    yield from sorted(rest, key=lambda one: one[1].name not in names)


def split_mapping(words: str, names: Collection[str]) -> tuple[str, Path]:
    """Return the required name and the path of NAME=PATH; "" and the path without one.

    Paths may have “=” in them too, so only a required name before it counts.
    """
    name, equals, path = words.partition("=")
    if equals and name in names and path:
        return name, Path(path)
    return "", Path(words)


def _place_of(
    path: PurePath, required: Sequence[RequiredFile], taken: Collection[str]
) -> str | None:
    """Return the required name that the file is for: by its name, or by its ending."""
    own, names = path.name, [each.name for each in required]
    if own in names:
        return own
    free = [name for name in names if name not in taken]
    alike = [name for name in free if name.casefold() == own.casefold()]
    if not alike and path.suffix:
        ending = path.suffix.casefold()
        alike = [name for name in free if PurePath(name).suffix.casefold() == ending]
    return alike[0] if len(alike) == 1 else None


def _missing(name: str) -> Finding:
    return Finding(
        code="file_missing",
        file=name,
        message=f"“{name}” is missing.",
        hint=f"Add its path. If your file has another name: {name}=PATH",
    )


def _not_asked_for(
    path: Path, required: Sequence[RequiredFile], chosen: dict[str, ChosenFile]
) -> Finding:
    names = ", ".join(each.name for each in required)
    free = [each.name for each in required if each.name not in chosen]
    hint = f"To hand it in under one of these names: {free[0]}={path}" if free else ""
    return Finding(
        code="file_unexpected",
        file="",
        message=f"“{path.name}” is none of the files of this assignment: {names}.",
        hint=hint,
    )


def _twice(name: str, path: Path) -> Finding:
    return Finding(
        code="file_duplicated",
        file=name,
        message=f"“{path}” is a second file for “{name}”.",
        hint="Give one file for each name.",
    )


def total_size(files: Sequence[ChosenFile]) -> int:
    """Return how many bytes the files have together. Raises CommandError."""
    sizes = []
    for each in files:
        try:
            sizes.append(each.path.stat().st_size)
        except OSError as error:
            raise unreadable(each.path, error) from error
    return sum(sizes)


def declare(
    files: Sequence[ChosenFile], on_bytes: Callable[[int], None]
) -> list[DeclaredFile]:
    """Return the files with their sizes and SHA-256. Raises CommandError.

    `on_bytes` is told how many bytes of all files have been read.
    """
    done = 0
    declared = []
    for each in files:
        digest, size = hashlib.sha256(), 0
        try:
            with each.path.open("rb") as content:
                while block := content.read(_BLOCK):
                    digest.update(block)
                    size += len(block)
                    on_bytes(done + size)
        except OSError as error:
            raise unreadable(each.path, error) from error
        done += size
        declared.append(DeclaredFile(chosen=each, size=size, sha256=digest.hexdigest()))
    return declared


def unreadable(path: Path, error: OSError) -> CommandError:
    """Return the error of a file that cannot be read."""
    return CommandError(
        f"“{path}” cannot be read: {error.strerror or error}.",
        exit_code=ExitCode.REFUSED,
        code="file_unreadable",
    )
