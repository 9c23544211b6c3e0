"""Check files before they are sent: what the portal would refuse, and what it doubts.

Nothing of them is executed. The portal checks everything again, and more.
"""

import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from softmark_cli.chosen_files import ChosenFile
from softmark_cli.command_errors import Finding
from softmark_cli.notebook_reads import missing_files
from softmark_cli.portal_rows import Assignment, RequiredFile
from softmark_cli.terminal_output import size_words

_HEAD: Final = 512
_LFS: Final = b"version https://git-lfs.github.com/spec/"
_WEB_PAGES: Final = (b"<!doctype html", b"<html")
_ZIP: Final = b"PK\x03\x04"
# What torch.save wrote before version 1.6 begins like a pickle.
_PICKLE: Final = b"\x80"
# A longer header is no header of safetensors: the library itself refuses it.
_LONGEST_HEADER: Final = 100_000_000


@dataclass(frozen=True, kw_only=True)
class LocalFindings:
    """Problems, for which the portal would refuse the work, and warnings."""

    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)


def check_files(
    chosen: Sequence[ChosenFile], assignment: Assignment, problems: Sequence[Finding]
) -> LocalFindings:
    """Return all that is wrong with the files, after the `problems` of their choice."""
    rules = {each.name: each for each in assignment.required}
    found = LocalFindings(problems=list(problems))
    present = assignment.given_names | {each.name for each in chosen}
    for file in chosen:
        own = list(_problems(file, rules[file.name]))
        found.problems.extend(own)
        if not own and rules[file.name].kind == "notebook":
            found.warnings.extend(_notebook_warnings(file, present, set(rules)))
    return found


def _problems(file: ChosenFile, rule: RequiredFile) -> Iterator[Finding]:
    try:
        size, head = _size_and_head(file.path)
        found = list(_problem_of_head(file, rule, size, head))
        if not found and rule.kind in _BY_KIND:
            found = list(_BY_KIND[rule.kind](file, size, head))
        yield from found
    except IsADirectoryError:
        yield _finding(file, "file_is_folder", "is a folder.", "Give one file of it.")
    except FileNotFoundError:
        yield _finding(file, "file_not_found", "does not exist.", "Check the path.")
    except OSError as error:
        yield _finding(
            file, "file_unreadable", f"cannot be read: {error.strerror or error}."
        )


def _size_and_head(path: Path) -> tuple[int, bytes]:
    if path.is_dir():
        raise IsADirectoryError  # Windows would say: permission denied
    with path.open("rb") as content:
        head = content.read(_HEAD)
        return content.seek(0, 2), head


def _problem_of_head(
    file: ChosenFile, rule: RequiredFile, size: int, head: bytes
) -> Iterator[Finding]:
    if size == 0:
        yield _finding(
            file,
            "file_empty",
            "is empty (0 bytes).",
            "Perhaps it was not saved, or the download did not finish.",
        )
    elif size > rule.max_bytes:
        yield _finding(
            file,
            "file_too_large",
            f"has {size_words(size)}, and the limit is {size_words(rule.max_bytes)}.",
            "Hand in a smaller file.",
        )
    elif head.startswith(_LFS):
        yield _finding(
            file,
            "lfs_pointer",
            "is a Git LFS pointer: a short text in place of the file itself.",
            "Run “git lfs pull” in your repository, then try again.",
        )
    elif rule.kind != "other" and head.lstrip().lower().startswith(_WEB_PAGES):
        yield _finding(
            file,
            "wrong_kind",
            "is a web page.",
            "Perhaps a page to sign in was downloaded instead of the file.",
        )


# --- Kinds of files -------------------------------------------------------------


def _notebook_problems(file: ChosenFile, size: int, head: bytes) -> Iterator[Finding]:
    del size, head
    try:
        notebook = json.loads(file.path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError:
        yield _finding(file, "notebook_encoding", "is not UTF-8 text.", _SAVE_AGAIN)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        yield _finding(
            file,
            "notebook_json",
            f"is not valid JSON: {error.msg}, {where}.",
            "Check that it opens in Jupyter. "
            "Git conflict marks (<<<<<<<) are a frequent cause.",
        )
    except RecursionError:
        yield _finding(file, "notebook_json", "is nested too deeply.", _SAVE_AGAIN)
    else:
        if not _is_notebook(notebook):
            yield _finding(
                file,
                "notebook_not_one",
                "is JSON, but not a notebook: it has no cells.",
                _SAVE_AGAIN,
            )


_SAVE_AGAIN: Final = "Open it in Jupyter and save it again."


def _is_notebook(value: Any) -> bool:
    """Return whether it has cells: at the top, or in worksheets as before format 4."""
    if not isinstance(value, dict):
        return False
    return isinstance(value.get("cells"), list) or bool(value.get("worksheets"))


def _notebook_warnings(
    file: ChosenFile, present: frozenset[str], required: set[str]
) -> list[Finding]:
    try:
        notebook = json.loads(file.path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError):
        return []
    return [
        Finding(
            code="opens_missing",
            file=file.name,
            message=f"The notebook opens “{path}”, which is not handed in.",
            hint="This assignment accepts this file. Hand it in too."
            if path in required
            else "The file will be missing, unless the notebook makes it first.",
        )
        for path in missing_files(notebook, present)
    ]


def _safetensors_problems(
    file: ChosenFile, size: int, head: bytes
) -> Iterator[Finding]:
    words = _safetensors_fault(file.path, size, head)
    if words:
        yield _finding(
            file,
            "safetensors_header",
            words,
            "Perhaps it was not saved or downloaded completely. "
            "Save it with safetensors.torch.save_file.",
        )


def _safetensors_fault(path: Path, size: int, head: bytes) -> str:
    """Return in words what is wrong with the header and the length, or nothing."""
    if len(head) < 8:  # noqa: PLR2004  the header's length takes 8 bytes
        return "is too short for a safetensors file."
    (length,) = struct.unpack("<Q", head[:8])
    if not 2 <= length <= min(size - 8, _LONGEST_HEADER):  # noqa: PLR2004  “{}”
        return "is not a complete safetensors file."
    with path.open("rb") as content:
        content.seek(8)
        header = content.read(length)
    try:
        tensors = json.loads(header)
        ends = [
            int(tensor["data_offsets"][1])
            for name, tensor in tensors.items()
            if name != "__metadata__"
        ]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return "is not a complete safetensors file: its header cannot be read."
    wanted = 8 + length + max(ends, default=0)
    if wanted == size:
        return ""
    return f"should have {wanted} bytes by its header, but it has {size}."


def _torch_problems(file: ChosenFile, size: int, head: bytes) -> Iterator[Finding]:
    del size
    if not head.startswith((_ZIP, _PICKLE)):
        yield _finding(
            file,
            "wrong_kind",
            "is not a PyTorch file, as torch.save writes it.",
            "Save it again with torch.save.",
        )


# How files that people read begin, and what they are.
_DOCUMENTS: Final = {
    "pdf": ((b"%PDF-",), "a PDF document"),
    "png": ((b"\x89PNG\r\n\x1a\n",), "a picture in PNG format"),
    "jpeg": ((b"\xff\xd8\xff",), "a picture in JPEG format"),
    "zip": ((_ZIP, b"PK\x05\x06"), "a zip archive"),
}


def _document_problems(
    kind: str,
) -> Callable[[ChosenFile, int, bytes], Iterator[Finding]]:
    """Return the check that a file begins as this kind does."""
    starts, words = _DOCUMENTS[kind]

    def check(file: ChosenFile, size: int, head: bytes) -> Iterator[Finding]:
        del size
        if not head.startswith(starts):
            hint = "Another file name does not change what it is: export it anew."
            yield _finding(file, "wrong_kind", f"is not {words}.", hint)

    return check


_BY_KIND: Final[Mapping[str, Callable[[ChosenFile, int, bytes], Iterator[Finding]]]] = {
    "notebook": _notebook_problems,
    "safetensors": _safetensors_problems,
    "state_dict": _torch_problems,
    "torchscript": _torch_problems,
    **{kind: _document_problems(kind) for kind in _DOCUMENTS},
}


def _finding(file: ChosenFile, code: str, words: str, hint: str = "") -> Finding:
    return Finding(
        code=code, file=file.name, message=f"“{file.path.name}” {words}", hint=hint
    )
