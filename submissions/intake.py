"""Check the files of one submission together, and store their content."""

import difflib
import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from django.conf import settings

from courses.models import AssignmentRevision
from formats.choices import FileKind, Part
from formats.findings import (
    FileName,
    Findings,
)
from formats.notebook.opened_files import CodeReading
from formats.notebook.repeated_checks import find_repeated_checks
from formats.problems import Problem
from formats.submission_words import clean_file_name, problem, shown, size_in_words
from formats.weights.weight_use import follows_advice
from storage.blobs import (
    BlobStoreFullError,
    BlobTooLargeError,
    StoreUnreachableError,
    store_blob,
)
from storage.store_faults import FULL_STORE, UNREACHABLE, log_store_fault
from submissions.exceptions import FileDamagedError, SubmissionRefusedError
from submissions.file_checks import FileRule, check_file
from submissions.notebook_readings import KnownContext, code_reading, context_of

PIECE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class IncomingFile:
    """An uploaded file: the required name it is for, and its name at the sender.

    `content` is binary and seekable. `size` is what the sender claims. The size that is
    stored and compared with limits is counted here. `sha256` is the hash with which the
    content arrived, or "" if it was not declared.
    """

    name: str
    original_name: str
    content: IO[bytes]
    size: int
    sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class DeclaredFile:
    """What a sender says of a file that will arrive: required name, size and hash."""

    name: str
    original_name: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file that was checked and whose content is in the store."""

    name: str
    original_name: str
    kind: str
    sha256: str
    size: int


def rules_of(revision: AssignmentRevision) -> dict[str, FileRule]:
    """Return the revision's rules for files, by required name."""
    notebook = FileKind.NOTEBOOK
    return {
        required.name: FileRule(
            name=required.name,
            kind=required.kind,
            max_bytes=min(required.max_bytes, settings.MAX_NOTEBOOK_BYTES)
            if required.kind == notebook
            else required.max_bytes,
            is_optional=required.is_optional,
        )
        for required in revision.required_files.all()
    }


def check_files(
    files: Sequence[IncomingFile],
    revision: AssignmentRevision,
    installed: Collection[str] | None = None,
) -> Findings:
    """Return every problem and warning of the files, alone and together.

    `installed` are the modules that a run can import, or None if they are not known.
    """
    rules, known = rules_of(revision), context_of(revision)
    findings = Findings(
        problems=(
            *_check_names([file.name for file in files], rules),
            *_check_total(file.content.seek(0, os.SEEK_END) for file in files),
        )
    )
    checked: set[str] = set()
    for file in files:
        if file.name in rules and file.name not in checked:
            checked.add(file.name)
            file.content.seek(0)
            chosen = clean_file_name(file.original_name)
            findings += check_file(
                file.content, rules[file.name], chosen=chosen, context=known.context
            )
    if findings.problems:
        return findings
    readings = _read_notebooks(files, rules, known)
    warnings = _warnings(readings, files, revision, findings.warnings)
    if installed is not None:
        present = _present(files, revision)
        for reading, _ in readings:
            warnings += reading.missing_packages(installed, present)
    return Findings(warnings=warnings)


def check_declared(
    files: Sequence[DeclaredFile], revision: AssignmentRevision
) -> list[Problem]:
    """Return every problem that names and sizes show before a byte has arrived."""
    rules = rules_of(revision)
    problems = [*_check_names([file.name for file in files], rules)]
    problems += _check_total(file.size for file in files)
    for file in files:
        name = FileName(file.name, clean_file_name(file.original_name))
        rule = rules.get(file.name)
        if file.size == 0:
            problems.append(problem("file_empty", file=name))
        elif rule is not None and file.size > rule.max_bytes:
            limit = size_in_words(rule.max_bytes)
            problems.append(problem("file_too_large", file=name, limit=limit))
    return problems


def _check_names(
    names: Sequence[str], rules: Mapping[str, FileRule]
) -> Iterator[Problem]:
    times = Counter(names)
    for name, rule in rules.items():
        if not times[name] and not rule.is_optional:
            yield problem("file_missing", file=name)
    for name, count in times.items():
        if name not in rules:
            yield _unexpected(name, [each for each in rules if not times[each]], rules)
        elif count > 1:
            yield problem("file_duplicated", file=name, times=count)


def _unexpected(name: str, absent: list[str], rules: Mapping[str, FileRule]) -> Problem:
    """Return the problem of an unexpected file; it names the likely intended name."""
    lowered = {each.lower(): each for each in absent}
    close = difflib.get_close_matches(name.lower()[:200], lowered, n=1)
    wanted = [lowered[each] for each in close] or list(rules)
    return problem(
        "file_unexpected",
        file=shown(name, 120),
        wanted=" and ".join(f"“{each}”" for each in wanted) or "no files",
    )


def _check_total(sizes: Iterable[int]) -> Iterator[Problem]:
    limit = settings.MAX_SUBMISSION_BYTES
    if sum(sizes) > limit:
        yield problem("files_too_large", limit=size_in_words(limit))


def _read_notebooks(
    files: Sequence[IncomingFile],
    rules: Mapping[str, FileRule],
    known: KnownContext,
) -> list[tuple[CodeReading, tuple[Problem, ...]]]:
    """Return what each notebook's code does, with warnings of copied check cells."""
    found = []
    for file in files:
        if rules[file.name].kind == FileKind.NOTEBOOK:
            file.content.seek(0)
            data = file.content.read()
            name = FileName(file.name, clean_file_name(file.original_name))
            reading = code_reading(data, name=name, known=known)
            repeated = find_repeated_checks(data, name=name, context=known.context)
            found.append((reading, repeated))
    return found


def _warnings(
    readings: Sequence[tuple[CodeReading, tuple[Problem, ...]]],
    files: Sequence[IncomingFile],
    revision: AssignmentRevision,
    warnings: Sequence[Problem],
) -> tuple[Problem, ...]:
    """Return the files' own warnings, and those about how the notebook uses them."""
    rules, present = rules_of(revision), _present(files, revision)
    for reading, repeated in readings:
        left = [each for each in warnings if not follows_advice(each, reading)]
        warnings = [*left, *repeated, *reading.warnings(present, rules)]
    return tuple(warnings)


def _present(files: Sequence[IncomingFile], revision: AssignmentRevision) -> set[str]:
    """Return the names of the files beside the notebook when it runs."""
    names = {file.name for file in files} | {revision.notebook_name}
    public = (each for each in revision.files.all() if each.part == Part.PUBLIC)
    return names | {each.name for each in public}


def store_files(
    files: Sequence[IncomingFile], revision: AssignmentRevision
) -> tuple[StoredFile, ...]:
    """Store the content of checked files durably.

    Raises SubmissionRefusedError, and FileDamagedError if a file has changed on our disk
    since it arrived.
    """
    rules = rules_of(revision)
    return tuple(_store(file, rules[file.name]) for file in files)


def _store(file: IncomingFile, rule: FileRule) -> StoredFile:
    try:
        blob = store_blob(_pieces(file.content), max_bytes=rule.max_bytes)
    except BlobTooLargeError as error:
        limit = size_in_words(rule.max_bytes)
        refusal = problem("file_too_large", file=rule.name, limit=limit)
        raise SubmissionRefusedError([refusal]) from error
    except (BlobStoreFullError, StoreUnreachableError) as error:
        is_full = isinstance(error, BlobStoreFullError)
        fault = FULL_STORE if is_full else UNREACHABLE
        log_store_fault(error, fault)
        refusal = problem(fault.code, file=rule.name)
        raise SubmissionRefusedError([refusal]) from error
    if file.sha256 not in {"", blob.sha256}:
        raise FileDamagedError(rule.name)
    return StoredFile(
        name=rule.name,
        original_name=clean_file_name(file.original_name) or rule.name,
        kind=rule.kind,
        sha256=blob.sha256,
        size=blob.size,
    )


def sha256_of(file: IncomingFile) -> str:
    """Return the hash of the content without storing it."""
    digest = hashlib.sha256()
    for piece in _pieces(file.content):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    content.seek(0)
    return iter(lambda: content.read(PIECE), b"")
