"""Reasons why a file is not the notebook, YAML or Python that it should be."""

import codecs
import json
import re
from dataclasses import dataclass
from typing import Final

_CONFLICT: Final = re.compile(rb"^(<{7}|>{7})( |\r?$)", re.MULTILINE)
_LFS: Final = b"version https://git-lfs.github.com/spec/"
POINTER_BYTES: Final = len(_LFS)
_MARKUP: Final = re.compile(rb"\s*<(!doctype|html|head|body|\?xml|!--)", re.IGNORECASE)
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_STARTS: Final = {
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF-": "a PDF",
    b"\x89PNG": "a picture",
}


@dataclass(frozen=True, kw_only=True)
class Reason:
    """The reason why a file cannot be read. `line` counts from 1."""

    message: str
    line: int | None = None
    hint: str = ""


def wrong_file(data: bytes, wanted: str) -> Reason | None:
    """Return a reason if the file is clearly something else than `wanted`, or None.

    It recognises common mistakes: git's conflict marks, a pointer of Git LFS, a saved
    web page, an archive or a PDF under another name, an empty file, and UTF-16.
    """
    if not data.strip():
        return Reason(message="The file is empty.", hint="Save or download it again.")
    for start, name in _STARTS.items():
        if data.startswith(start):
            return Reason(
                message=f"This is {name}, not {wanted}.",
                hint="Choose the file itself.",
            )
    if pointer := lfs_pointer_in(data):
        return pointer
    if _MARKUP.match(data.removeprefix(codecs.BOM_UTF8)):
        return Reason(
            message=f"This is a web page, not {wanted}.",
            line=1,
            hint="Download the file itself. On GitHub, use “Raw”.",
        )
    if data.startswith(_UTF_16):
        return Reason(
            message="This is UTF-16 text, not UTF-8.",
            line=1,
            hint="Save it again with the encoding UTF-8.",
        )
    return conflict_in(data)


def lfs_pointer_in(data: bytes) -> Reason | None:
    """Return a reason if the file is a Git LFS pointer, or None.

    The first bytes of the file are enough.
    """
    if not data.startswith(_LFS):
        return None
    return Reason(
        message="This is a Git LFS pointer, not the file itself.",
        hint="Run “git lfs pull” and give the file again.",
    )


def conflict_in(data: bytes) -> Reason | None:
    """Return a reason with the line of git's first conflict mark, or None."""
    found = _CONFLICT.search(data)
    if found is None:
        return None
    return Reason(
        message="There are git conflict marks here: a merge was not finished.",
        line=data.count(b"\n", 0, found.start()) + 1,
        hint="Keep one version (git checkout --ours FILE, or --theirs), and commit it.",
    )


def text_of(data: bytes, wanted: str) -> str | Reason:
    """Return the file's text without a byte order mark, or why it is no text."""
    if data.strip() and (found := wrong_file(data, wanted)):
        return found
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Reason(
            message="This is not UTF-8 text.",
            line=data.count(b"\n", 0, error.start) + 1,
            hint="Save it again with the encoding UTF-8.",
        )


def not_json(error: json.JSONDecodeError) -> Reason:
    """Return why a text is no JSON: it is cut off, or wrong on a line."""
    is_cut = error.msg.startswith("Unterminated string") or not (
        error.doc[error.pos :].strip()
    )
    if is_cut:
        return Reason(
            message="The file is not complete: it ends in the middle.",
            line=error.doc.count("\n") + 1,
            hint="Save or download it again.",
        )
    return Reason(message=f"This is not JSON: {error.msg}.", line=error.lineno)
