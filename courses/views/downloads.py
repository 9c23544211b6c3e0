"""Downloads of a course: files of materials, and of hand-outs."""

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import FileResponse, Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.models import Assignment, Attachment, Material, RevisionFile
from storage.downloads import (
    blob_attachment,
    field_attachment,
    zip_attachment,
)


@login_required
@require_safe
def material_file(request: SignedInRequest, slug: str, pk: int) -> FileResponse:
    """Send a material's file, named by its code and title."""
    material = get_object_or_404(
        Material.objects.opened_to(request.user),
        course__slug=slug,
        pk=pk,
    )
    return field_attachment(material.file, str(material))


@login_required
@require_safe
def attachment_file(request: SignedInRequest, slug: str, pk: int) -> FileResponse:
    """Send a further file of a material, such as its answers."""
    attachment = get_object_or_404(
        Attachment.objects.visible_to(request.user).select_related("material"),
        material__course__slug=slug,
        pk=pk,
    )
    return field_attachment(attachment.file, str(attachment))


@login_required
@require_safe
def handout(request: SignedInRequest, slug: str, aslug: str, name: str) -> FileResponse:
    """Send a file of the published revision that students may read."""
    file = _open_files(request, slug, aslug).filter(name=name).first()
    if file is None:
        raise Http404
    return blob_attachment(file.sha256, file.name)


@login_required
@require_safe
def handout_zip(
    request: SignedInRequest, slug: str, aslug: str
) -> StreamingHttpResponse:
    """Send all files of the published revision that students may read, as one zip."""
    files = list(_open_files(request, slug, aslug))
    if not files:
        raise Http404
    return zip_attachment(files, f"{aslug}.zip")


def _open_files(
    request: SignedInRequest, slug: str, aslug: str
) -> QuerySet[RevisionFile]:
    """Return the files that students may read of an assignment that the person sees."""
    assignment = get_object_or_404(
        Assignment.objects.visible_to(request.user), course__slug=slug, slug=aslug
    )
    # SECURITY: only open parts are searched, so the name of a test or an answer is a
    # 404.
    return RevisionFile.objects.filter(
        revision=assignment.revision_id, part__in=RevisionFile.OPEN_PARTS
    )
