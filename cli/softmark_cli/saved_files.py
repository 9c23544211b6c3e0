"""Save files of the portal on this machine, under names that are safe everywhere."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from softmark_cli.chosen_files import unreadable
from softmark_cli.command_errors import (
    CommandError,
    ConnectionLostError,
    ExitCode,
    PortalError,
)
from softmark_cli.portal_client import (
    PATIENCE_SECONDS,
    Pauses,
    PortalClient,
    may_pass,
)

_BLOCK: Final = 1 << 18
# What Windows forbids in a name, and what no name should have.
_UNSAFE: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED: Final = re.compile(
    r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE
)
_LONGEST_NAME: Final = 120


@dataclass(frozen=True, kw_only=True)
class WantedFile:
    """A file to download: where to, below a folder, and its SHA-256 if it is known."""

    path: PurePosixPath
    url: str
    sha256: str = ""


def safe_path(name: str) -> PurePosixPath:
    """Return a relative path that stays below its folder on every system.

    SECURITY: names come from the portal, and from what others have uploaded there.
    """
    parts = [_safe_part(part) for part in name.replace("\\", "/").split("/")]
    kept = [part for part in parts if part]
    return PurePosixPath(*kept) if kept else PurePosixPath("file")


def _safe_part(part: str) -> str:
    clean = _UNSAFE.sub("_", part).strip().rstrip(".")
    clean = "".join(each if each.isprintable() else "_" for each in clean)
    if _RESERVED.match(clean):
        clean = f"_{clean}"
    return clean[-_LONGEST_NAME:]


def save_all(
    client: PortalClient, wanted: Iterable[WantedFile], folder: Path, *, force: bool
) -> list[Path]:
    """Download the files below the folder, and return where they are.

    A file that is there already with the same content is kept. Raises CommandError if
    there is another one, unless `force`.
    """
    saved = []
    for each in wanted:
        target = folder.joinpath(*each.path.parts)
        saved.append(target)
        if each.sha256 and _is_there(target, each.sha256):
            continue
        if each.sha256 and not force:
            refuse_other(target)  # before it is sent
        _save(client, each, target, force=force)
    return saved


def _is_there(target: Path, sha256: str) -> bool:
    """Return whether the file is there with this content."""
    if not target.is_file():
        return False
    try:
        with target.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == sha256
    except OSError as error:
        raise unreadable(target, error) from error


def refuse_other(target: Path) -> None:
    """Raise CommandError if a file is there."""
    if target.exists():
        raise CommandError(
            f"“{target}” is there already, and it is not the same.",
            "Add --force to overwrite it, or --to FOLDER to download to another folder.",
            exit_code=ExitCode.REFUSED,
            code="file_exists",
        )


def _save(
    client: PortalClient, wanted: WantedFile, target: Path, *, force: bool
) -> None:
    """Download to a file beside the target, and put it there when it is whole.

    Raises CommandError if another file is there, unless `force`.
    """
    part = target.with_name(f"{target.name}.part")
    pauses = Pauses(PATIENCE_SECONDS)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                found = _receive(client, wanted.url, part)
                break
            except (ConnectionLostError, PortalError) as error:
                if not may_pass(error):
                    raise
                client.wait(pauses.after(error), error)
        _check(found, wanted)
        if not force and not _is_there(target, found):
            refuse_other(target)
        part.replace(target)
    except OSError as error:
        raise CommandError(
            f"“{target}” cannot be written: {error.strerror or error}.",
            exit_code=ExitCode.REFUSED,
            code="file_unwritable",
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _receive(client: PortalClient, url: str, part: Path) -> str:
    """Write the content of the address to the file, and return its SHA-256."""
    digest = hashlib.sha256()
    with client.download(url) as answer, part.open("wb") as content:
        for block in answer.iter_bytes(_BLOCK):
            digest.update(block)
            content.write(block)
    return digest.hexdigest()


def _check(found: str, wanted: WantedFile) -> None:
    if wanted.sha256 and found != wanted.sha256:
        raise CommandError(
            f"“{wanted.path}” did not arrive as the portal has stored it: its SHA-256 "
            "is another one.",
            "Try again. If it happens again, tell the staff of your course.",
            exit_code=ExitCode.PORTAL_FAILED,
            code="wrong_sha256",
        )


def save_text(text: str, target: Path, *, force: bool) -> Path:
    """Write a text of ours; one with the same content is kept. Raises CommandError."""
    try:
        if target.is_file() and target.read_text("utf-8") == text:
            return target
        if not force:
            refuse_other(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8", newline="\n")
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CommandError(
            f"“{target}” cannot be written: {words}.",
            exit_code=ExitCode.REFUSED,
            code="file_unwritable",
        ) from error
    return target
