"""Turns a bundle into a revision of an assignment."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from django.db import transaction
from django.db.models import Max

from accounts.actors import Actor, actor_user
from courses.blobs import BlobTooLargeError, store_blob
from courses.bundle import Bundle, BundleError, BundleFile, Fault, TestStyle
from courses.models import (
    Assignment,
    AssignmentRevision,
    Question,
    RequiredFile,
    RevisionFile,
)
from courses.permissions import Right
from courses.services.access import require

_PIECE: Final = 1 << 20


def import_revision(
    *, actor: Actor, assignment: Assignment, bundle: Bundle, publish: bool
) -> AssignmentRevision:
    """The assignment has a revision with exactly this bundle, published if asked.

    A bundle that the assignment has already gives that revision back. Nothing of an
    earlier revision changes. Raises BundleError if a file changed since it was read,
    and PermissionDenied if the actor may not edit the course.
    """
    require(actor, Right.EDIT, assignment.course)
    digest = bundle_sha256(bundle)
    for file in bundle.files:
        _store(file)
    with transaction.atomic():
        locked = Assignment.objects.select_for_update().get(pk=assignment.pk)
        revision = locked.revisions.filter(bundle_sha256=digest).first()
        if revision is None:
            revision = _create(actor, locked, bundle, digest)
        if publish and locked.revision_id != revision.pk:
            locked.revision = revision
            locked.save(update_fields=["revision"])
    if publish:
        assignment.revision = revision
    return revision


def bundle_sha256(bundle: Bundle) -> str:
    """Return a hash of all that the bundle says and holds, wherever it lies."""
    content = asdict(bundle)
    content["files"] = sorted(
        (file.part, file.name, file.sha256) for file in bundle.files
    )
    # What bundles could not say once is left out, so that theirs keep their hashes.
    if not content["imports"]:
        del content["imports"]
    for question in content["questions"]:
        if question["style"] == TestStyle.FUNCTIONS:
            del question["style"]
        question["points"] = f"{question['points'].normalize():f}"
        for check in question["checks"]:
            check["points"] = f"{check['points'].normalize():f}"
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _store(file: BundleFile) -> None:
    changed = Fault(
        message="The file changed while it was imported.",
        file=f"{file.part}/{file.name}",
        hint="Import the folder again.",
    )
    try:
        blob = store_blob(_pieces(file), max_bytes=file.size)
    except (BlobTooLargeError, OSError) as error:
        raise BundleError((changed,)) from error
    if blob.sha256 != file.sha256:
        raise BundleError((changed,))


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
        checks = [
            {
                "name": check.name,
                "points": str(check.points),
                "visibility": check.visibility.value,
                "description": check.description,
            }
            for check in question.checks
        ]
        yield Question(
            revision=revision,
            key=question.key,
            title=question.title,
            description=question.description,
            kind=question.kind.value,
            style=question.style.value,
            points=question.points,
            checks=checks,
            position=position,
        )
