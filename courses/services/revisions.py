"""Services that make an assignment's revisions, from bundles or earlier revisions."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.actors import Actor, actor_user
from courses.models import (
    Assignment,
    AssignmentRevision,
    Question,
    RequiredFile,
    RevisionFile,
)
from courses.permissions import Right
from courses.row_copies import unsaved_copy
from courses.services.access import require_right
from courses.services.rubrics import plain_rubric, rubric_for
from formats.assignment import (
    Bundle,
    BundleFile,
    Check,
    ImportRefusedError,
)
from formats.problems import Problem
from runner.protocol.jobs import TestStyle
from storage.blobs import BlobTooLargeError, store_blob

_PIECE: Final = 1 << 20
_ENTERED: Final = Problem(
    message="People enter the marks of this coursework, so it has no notebook.",
    hint="Create new coursework for the notebook.",
)


def import_revision(
    *, actor: Actor, assignment: Assignment, bundle: Bundle
) -> AssignmentRevision:
    """Store the bundle as a revision of the assignment, and return it.

    If the assignment has a revision of the same bundle, that one is returned. Earlier
    revisions do not change. Nothing is published: that is done by publish_revision of
    grading.services. Raises ImportRefusedError if a file changed since it was read, and
    PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, assignment.course)
    digest = bundle_sha256(bundle)
    for file in bundle.files:
        _store(file)
    with transaction.atomic():
        locked = Assignment.objects.select_for_update().get(pk=assignment.pk)
        if locked.has_entered_marks:
            raise ImportRefusedError((_ENTERED,))
        revision = locked.revisions.filter(bundle_sha256=digest).first()
        if revision is None:
            revision = _create(actor, locked, bundle, digest)
    return revision


@transaction.atomic
def derive_revision(
    *,
    actor: Actor,
    revision: AssignmentRevision,
    points: Mapping[str, Mapping[str, Decimal]],
) -> AssignmentRevision:
    """Return a revision that differs from this one only in points.

    `points` gives the points of checks by question and check name; checks that it
    leaves out stay. The same points again give the same revision. Raises
    PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, revision.assignment.course)
    Assignment.objects.select_for_update().get(pk=revision.assignment_id)
    digest = _derived_sha256(revision, points)
    siblings = AssignmentRevision.objects.filter(assignment=revision.assignment_id)
    known = siblings.filter(bundle_sha256=digest).first()
    if known is not None:
        return known
    last = siblings.aggregate(last=Max("number"))["last"] or 0
    derived = unsaved_copy(
        revision,
        number=last + 1,
        bundle_sha256=digest,
        created_at=timezone.now(),
        created_by=actor_user(actor),
    )
    derived.save(force_insert=True)
    RevisionFile.objects.bulk_create(
        unsaved_copy(file, revision=derived) for file in revision.files.all()
    )
    RequiredFile.objects.bulk_create(
        unsaved_copy(file, revision=derived) for file in revision.required_files.all()
    )
    Question.objects.bulk_create(
        _with_points(
            unsaved_copy(question, revision=derived), points.get(question.key, {})
        )
        for question in revision.questions.all()
    )
    return derived


def _derived_sha256(
    revision: AssignmentRevision, points: Mapping[str, Mapping[str, Decimal]]
) -> str:
    content = {
        "derived_from": revision.bundle_sha256 or f"revision {revision.pk}",
        "points": {
            key: {name: f"{value.normalize():f}" for name, value in checks.items()}
            for key, checks in points.items()
        },
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _with_points(question: Question, points: Mapping[str, Decimal]) -> Question:
    """Give the checks these points, and the question their sum; return the question."""
    if question.checks:
        question.checks = [
            {**check, "points": str(points.get(check["name"], check["points"]))}
            for check in question.checks
        ]
        question.points = sum(
            (Decimal(check["points"]) for check in question.checks), Decimal(0)
        )
    return question


def bundle_sha256(bundle: Bundle) -> str:
    """Return a hash of all that the bundle says and holds, wherever it is stored."""
    content = asdict(bundle)
    content["files"] = sorted(
        (file.part, file.name, file.sha256) for file in bundle.files
    )
    # Fields that were added later are left out at their default, so that older bundles
    # keep their hashes.
    if not content["imports"]:
        del content["imports"]
    if content["grading_seed"] is None:
        del content["grading_seed"]
    for question in content["questions"]:
        _make_plain(question)
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _make_plain(question: dict[str, Any]) -> None:
    """Leave out fields at their defaults, and write numbers as text."""
    if question["style"] == TestStyle.FUNCTIONS:
        del question["style"]
    question["points"] = f"{question['points'].normalize():f}"
    rubric = question.pop("rubric")
    if rubric is not None:
        question["rubric"] = plain_rubric(rubric)
    for check in question["checks"]:
        check["points"] = f"{check['points'].normalize():f}"
        for words in ("success", "failure"):
            if not check[words]:
                del check[words]


def _store(file: BundleFile) -> None:
    changed = Problem(
        message="The file changed while it was imported.",
        file=f"{file.part}/{file.name}",
        hint="Import the folder again.",
    )
    try:
        blob = store_blob(_pieces(file), max_bytes=file.size)
    except (BlobTooLargeError, OSError) as error:
        raise ImportRefusedError((changed,)) from error
    if blob.sha256 != file.sha256:
        raise ImportRefusedError((changed,))


def _pieces(file: BundleFile) -> Iterator[bytes]:
    with file.path.open("rb") as content:
        while piece := content.read(_PIECE):
            yield piece


def _create(
    actor: Actor, assignment: Assignment, bundle: Bundle, digest: str
) -> AssignmentRevision:
    last = assignment.revisions.aggregate(last=Max("number"))["last"] or 0
    revision = AssignmentRevision.objects.create(
        assignment=assignment,
        number=last + 1,
        notebook_name=bundle.notebook,
        environment=bundle.environment,
        queue=bundle.queue,
        seed=bundle.seed,
        grading_seed=bundle.grading_seed,
        skip_tags=list(bundle.skip_tags),
        parameters=dict(bundle.parameters),
        imports=dict(bundle.imports),
        bundle_sha256=digest,
        created_by=actor_user(actor),
        **asdict(bundle.limits),
    )
    RevisionFile.objects.bulk_create(
        RevisionFile(
            revision=revision,
            part=file.part.value,
            name=file.name,
            sha256=file.sha256,
            size=file.size,
        )
        for file in bundle.files
    )
    RequiredFile.objects.bulk_create(
        RequiredFile(
            revision=revision,
            name=file.name,
            kind=file.kind.value,
            description=file.description,
            max_bytes=file.max_bytes,
            is_optional=file.is_optional,
            position=position,
        )
        for position, file in enumerate(bundle.required_files)
    )
    Question.objects.bulk_create(_question_rows(revision, bundle))
    return revision


def _question_rows(revision: AssignmentRevision, bundle: Bundle) -> Iterator[Question]:
    for position, question in enumerate(bundle.questions):
        yield Question(
            revision=revision,
            key=question.key,
            title=question.title,
            description=question.description,
            kind=question.kind.value,
            style=question.style.value,
            points=question.points,
            checks=list(map(_check_data, question.checks)),
            rubric=rubric_for(revision.assignment, question),
            position=position,
        )


def _check_data(check: Check) -> dict[str, str]:
    """Return the check as a question's row has it."""
    words = {"success": check.success, "failure": check.failure}
    return {
        "name": check.name,
        "points": str(check.points),
        "visibility": check.visibility.value,
        "description": check.description,
        **{name: text for name, text in words.items() if text},
    }
