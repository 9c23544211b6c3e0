"""Revisions without a notebook that were made on a page, not from a folder."""

from decimal import Decimal

from courses.models import AssignmentRevision
from courses.services.revisions import bundle_sha256
from formats.assignment import Bundle, RequiredFile
from formats.assignment.file_lines import file_line, files_bundle, question_line
from formats.choices import FileKind


def lines_of(revision: AssignmentRevision) -> tuple[str, str] | None:
    """Return the lines of files and of questions, as the page shows them.

    None if they do not say all that the revision has, as for one from a folder with
    hand-outs or rubrics: then the folder must be changed.
    """
    if not revision.is_files_only:
        return None
    files, questions = _files(revision), _questions(revision)
    if bundle_sha256(_bundle(files, questions)) != revision.bundle_sha256:
        return None
    return (
        "\n".join(map(file_line, files)),
        "\n".join(question_line(*each) for each in questions),
    )


def _files(revision: AssignmentRevision) -> list[RequiredFile]:
    return [
        RequiredFile(
            name=row.name,
            kind=FileKind(row.kind),
            max_bytes=row.max_bytes,
            description=row.description,
            is_optional=row.is_optional,
        )
        for row in revision.required_files.all()
    ]


def _questions(revision: AssignmentRevision) -> list[tuple[str, Decimal]]:
    return [(row.title, row.points) for row in revision.questions.all()]


def _bundle(files: list[RequiredFile], questions: list[tuple[str, Decimal]]) -> Bundle:
    return files_bundle(files, questions)
