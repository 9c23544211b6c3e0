"""Check one file against its rule: size, kind by content, and the kind's own checks."""

import os
from dataclasses import dataclass
from typing import IO

from formats.document_checks import WANTED as DOCUMENTS
from formats.document_checks import check_document
from formats.findings import FileName, Findings
from formats.kinds import Kind, kind_of
from formats.notebook.assignment_context import NO_CONTEXT, AssignmentContext
from formats.notebook.notebook_checks import check_notebook
from formats.submission_words import problem, size_in_words
from formats.weights.weight_checks import WANTED, check_weights


@dataclass(frozen=True, kw_only=True)
class FileRule:
    """The rule for one file: its name, kind (formats.choices.FileKind) and size."""

    name: str
    kind: str
    max_bytes: int
    is_optional: bool = False


def check_file(
    content: IO[bytes],
    rule: FileRule,
    *,
    chosen: str = "",
    context: AssignmentContext = NO_CONTEXT,
) -> Findings:
    """Return what is wrong with the content, without executing any of it.

    `content` is binary and seekable. `chosen` is the person's own name for the file.
    Memory stays within a few times the size of a notebook, and within a few megabytes
    for anything else.
    """
    name = FileName(rule.name, chosen)
    size = content.seek(0, os.SEEK_END)
    if size == 0:
        return Findings(problems=(problem("file_empty", file=name),))
    if size > rule.max_bytes:
        limit = size_in_words(rule.max_bytes)
        return Findings(problems=(problem("file_too_large", file=name, limit=limit),))
    content.seek(0)
    if kind_of(content) is Kind.LFS_POINTER:
        return Findings(problems=(problem("lfs_pointer", file=name),))
    content.seek(0)
    return _check_kind(content, rule.kind, name, context)


def _check_kind(
    content: IO[bytes], kind: str, name: FileName, context: AssignmentContext
) -> Findings:
    """Return what the checks of the file's kind find."""
    if kind == "notebook":
        return check_notebook(content.read(), name=name, context=context)
    if kind in WANTED:
        has_gpu = context.has_gpu
        return check_weights(content, name=name, wanted=kind, has_gpu=has_gpu)
    if kind in DOCUMENTS:
        return check_document(content, name=name, wanted=kind)
    return Findings()
