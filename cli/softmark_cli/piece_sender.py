"""Send files in pieces with the protocol tus 1.0, and go on after each break."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from softmark_cli.chosen_files import DeclaredFile, unreadable
from softmark_cli.command_errors import CommandError, ExitCode
from softmark_cli.portal_client import Pauses, PortalClient, Request, may_pass

# What is under way is lost if the portal is killed, so no piece is larger.
PIECE: Final = 8 * 1024**2
_BLOCK: Final = 64 * 1024
# On a slow line, the end of a piece is still on its way when all of it has been written.
_PIECE_SECONDS: Final = 300
# For how long to go on trying while not one byte gets through.
PATIENCE_SECONDS: Final = 600
_TUS: Final = {"Tus-Resumable": "1.0.0"}
_PIECE_TYPE: Final = "application/offset+octet-stream"
# The portal has more or fewer bytes than this program believes, or is busy with another
# request for the same file: ask how far it is, and go on.
_ASK_AGAIN: Final = frozenset({"wrong_offset", "upload_busy"})


def send_file(
    client: PortalClient,
    url: str,
    declared: DeclaredFile,
    on_bytes: Callable[[int], None],
) -> None:
    """Send the bytes of the file that the portal does not have yet.

    `on_bytes` is told how many bytes of the file have been sent. Raises CommandError,
    if for ten minutes nothing gets through, or if the portal refuses the file.
    """
    pauses, offset = Pauses(PATIENCE_SECONDS), None
    while offset is None or offset < declared.size:
        try:
            if offset is None:
                offset = _arrived(client, url)
                on_bytes(offset)
                continue
            offset = _send_piece(client, url, declared, offset, on_bytes)
            pauses.reset()
        except CommandError as error:
            if not (may_pass(error) or error.code in _ASK_AGAIN):
                raise
            client.wait(pauses.after(error), error)
            offset = None


def _arrived(client: PortalClient, url: str) -> int:
    """Return how many bytes of the file the portal has."""
    answer = client.answer_once(Request(method="HEAD", url=url, headers=_TUS))
    return _offset(answer.headers.get("Upload-Offset", ""))


def _send_piece(
    client: PortalClient,
    url: str,
    declared: DeclaredFile,
    offset: int,
    on_bytes: Callable[[int], None],
) -> int:
    """Send one piece, and return how many bytes of the file the portal then has."""
    piece = _read_piece(declared, offset)

    def blocks() -> Iterator[bytes]:
        for start in range(0, len(piece), _BLOCK):
            yield piece[start : start + _BLOCK]
            on_bytes(min(offset + start + _BLOCK, declared.size))

    headers = {
        **_TUS,
        "Upload-Offset": str(offset),
        "Content-Type": _PIECE_TYPE,
        "Content-Length": str(len(piece)),
    }
    answer = client.answer_once(
        Request(
            method="PATCH",
            url=url,
            headers=headers,
            content=blocks,
            seconds=_PIECE_SECONDS,
        )
    )
    return _offset(answer.headers.get("Upload-Offset", ""))


def _read_piece(declared: DeclaredFile, offset: int) -> bytes:
    """Return the bytes of the next piece. Raises CommandError if some are missing."""
    path: Path = declared.chosen.path
    wanted = min(PIECE, declared.size - offset)
    try:
        with path.open("rb") as content:
            content.seek(offset)
            piece = content.read(wanted)
    except OSError as error:
        raise unreadable(path, error) from error
    if len(piece) < wanted:
        raise CommandError(
            f"“{path.name}” became shorter while it was being sent.",
            "Nothing was handed in. Run the same command again once it is complete.",
            exit_code=ExitCode.REFUSED,
            code="file_changed",
        )
    return piece


def _offset(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise CommandError(
            "The portal does not say how much of the file has arrived.",
            "Check the address: perhaps something between you and the portal changes "
            "its answers.",
            exit_code=ExitCode.PORTAL_FAILED,
            code="unexpected_answer",
        )
    return int(text)
