"""Check documents that people read: PDFs, pictures, plain text and zip archives."""

import codecs
import os
from typing import IO, Final

from formats.findings import Findings, Name
from formats.kinds import HEAD, MAC_NOTE, Kind, kind_of_head, wrong_kind
from formats.problems import Problem
from formats.submission_words import problem
from formats.zip_directory import ZipFaultError, read_zip

WANTED: Final = {
    "pdf": "a PDF document",
    "png": "a picture in PNG format",
    "jpeg": "a picture in JPEG format",
    "text": "plain text",
    "zip": "a zip archive",
}
# The endings that the names of required files may have. Plain text may have any.
ENDINGS: Final = {
    "pdf": (".pdf",),
    "png": (".png",),
    "jpeg": (".jpg", ".jpeg"),
    "zip": (".zip",),
}
_FIXES: Final = {
    "pdf": "Export or print it as PDF, and hand in that file.",
    "png": "Export the picture as PNG. Another file name does not change its format.",
    "jpeg": "Export the picture as JPEG. Another file name does not change its format.",
    "text": "Save it as plain text, encoded as UTF-8.",
    "zip": "Pack the files as a .zip. Archives of other kinds are not taken.",
}
_STARTS: Final = {
    "pdf": (b"%PDF-",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpeg": (b"\xff\xd8\xff",),
    "zip": (b"PK\x03\x04", b"PK\x05\x06"),
}
# What stands near the end of a whole file.
_ENDS: Final = {"pdf": b"%%EOF", "png": b"IEND"}
_TAIL: Final = 2048
_PIECE: Final = 1 << 16
# Kinds that may be text in UTF-8, by their first bytes.
_TEXTS: Final = frozenset(
    {
        *(Kind.TEXT, Kind.PYTHON, Kind.JSON, Kind.NOTEBOOK),
        *(Kind.HTML, Kind.XML, Kind.UNKNOWN),
    }
)


def check_document(content: IO[bytes], *, name: Name, wanted: str) -> Findings:
    """Return what is wrong with the file, by its first and last bytes.

    `wanted` is a key of WANTED. Nothing is drawn or unpacked. Text is read in pieces, so
    memory does not grow with the file.
    """
    content.seek(0)
    head = content.read(HEAD)
    kind = kind_of_head(head)
    if wanted == "text":
        fits = kind in _TEXTS
        check = _check_text
    else:
        fits = head.startswith(_STARTS[wanted])
        check = _check_zip if wanted == "zip" else _check_end
    if not fits:
        fix = MAC_NOTE if kind is Kind.MAC_NOTE else _FIXES[wanted]
        wrong = wrong_kind(kind, name, wanted=WANTED[wanted], fix=fix)
        return Findings(problems=(wrong,))
    return check(content, name, wanted)


def _check_end(content: IO[bytes], name: Name, wanted: str) -> Findings:
    """Warn if the end of the file is missing."""
    mark = _ENDS.get(wanted, b"")
    size = content.seek(0, os.SEEK_END)
    content.seek(max(0, size - _TAIL))
    if mark in content.read(_TAIL):
        return Findings()
    return Findings(warnings=(problem("document_cut_short", file=name),))


def _check_zip(content: IO[bytes], name: Name, wanted: str) -> Findings:
    del wanted
    try:
        members = read_zip(content)
    except ZipFaultError as fault:
        damaged = problem("zip_damaged", file=name, why=fault.why)
        return Findings(problems=(damaged,))
    if not any(not each.name.endswith("/") for each in members):
        return Findings(problems=(problem("zip_empty", file=name),))
    if any(each.is_encrypted for each in members):
        return Findings(problems=(problem("zip_encrypted", file=name),))
    return Findings()


def _check_text(content: IO[bytes], name: Name, wanted: str) -> Findings:
    del wanted
    fault = _fault_of_text(content, name)
    return Findings(problems=(fault,) if fault else ())


def _fault_of_text(content: IO[bytes], name: Name) -> Problem | None:
    """Return the problem of the first byte that is not text, or None."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    content.seek(0)
    read = lines = 0
    while True:
        piece = content.read(_PIECE)
        waiting = len(decoder.getstate()[0])
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            bad = read - waiting + error.start
            before = piece[: max(0, error.start - waiting)]
            return _not_text(name, bad, lines + before.count(b"\n"))
        if "\0" in text:
            bad = read + piece.index(b"\0")
            return _not_text(name, bad, lines + piece.count(b"\n", 0, bad - read))
        if not piece:
            return None
        read += len(piece)
        lines += piece.count(b"\n")


def _not_text(name: Name, byte: int, lines: int) -> Problem:
    return problem("text_not_utf8", file=name, byte=byte, line=lines + 1)
