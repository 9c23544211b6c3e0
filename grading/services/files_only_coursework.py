"""Coursework without a notebook that is written on a page: store and publish it."""

from django.db import transaction

from accounts.actors import Actor
from courses.models import Assignment, AssignmentRevision
from courses.services.revisions import import_revision
from formats.assignment import Bundle
from grading.services.publishing import publish_revision


@transaction.atomic
def publish_files(
    *, actor: Actor, assignment: Assignment, bundle: Bundle
) -> AssignmentRevision:
    """Store the bundle as a revision and publish it, and return the revision.

    It has no notebook, so there is nothing to try. New work is marked by it from now
    on; earlier work keeps its revision. `assignment` has it then, too. Raises
    PermissionDenied if the actor may not edit the course.
    """
    revision = import_revision(actor=actor, assignment=assignment, bundle=bundle)
    publish_revision(actor=actor, revision=revision)
    assignment.revision = revision
    return revision
