"""A material's page, and the PDF or notebook in its frame."""

from pathlib import PurePath
from typing import Final

from csp.decorators import csp, csp_update
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.http import parse_etags, quote_etag
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.models import Material
from courses.pages.material_items import attachments_for, material_item
from courses.pages.viewer import viewer_of
from rendering.notebooks import MAX_BYTES, NotebookUnreadableError, read_cells
from storage.downloads import (
    FRAMED,
    FRAMED_PDF,
    OWN_FRAMES,
    opened_file,
    pdf_inline,
)

NOTEBOOK: Final = ".ipynb"
PDF: Final = ".pdf"


@login_required
@require_safe
@csp_update(OWN_FRAMES)  # type: ignore[arg-type]  # as below
def material(request: SignedInRequest, slug: str, key: str) -> HttpResponse:
    """Show a material: its text, PDF or notebook, its files, and the viewer's tick."""
    now = timezone.now()
    viewer = viewer_of(request.user, slug, now)
    rows = Material.objects.shown_to(viewer).for_viewer(request.user)
    found = get_object_or_404(
        rows.select_related("week", "lecture", "session").prefetch_related(
            attachments_for(viewer)
        ),
        key=key,
    )
    item = material_item(found, viewer, now)
    context = {
        "course": viewer.course,
        "tab": "",
        "item": item,
        "material": found,
        "suffix": PurePath(found.file.name or "").suffix.lower(),
        "now": now,
        "is_course_staff": viewer.is_staff,
    }
    return render(request, "courses/material.html", context)


@login_required
@require_safe
@xframe_options_sameorigin
@csp(FRAMED_PDF)  # type: ignore[arg-type]  # as below
def material_inline(request: SignedInRequest, slug: str, key: str) -> FileResponse:
    """Send a material's PDF for the frame on its page."""
    material = _opened(request, slug, key, PDF)
    return pdf_inline(material.file, str(material))


@login_required
@require_safe
@xframe_options_sameorigin
@csp(FRAMED)  # type: ignore[arg-type]  # its types know no arguments
def material_notebook(request: SignedInRequest, slug: str, key: str) -> HttpResponse:
    """Show a material's notebook alone, for the frame on its page."""
    found = _opened(request, slug, key, NOTEBOOK)
    etag = quote_etag(f"{found.file.name}-{request.user.pk}")
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponseNotModified(headers={"ETag": etag})
    with opened_file(found.file) as content:
        data = content.read(MAX_BYTES + 1)
    try:
        context = {"cells": read_cells(data), "material": found}
    except NotebookUnreadableError as error:
        context = {"fault": str(error), "material": found}
    answer = render(request, "notebook_frame.html", context)
    answer["ETag"] = etag
    answer["Cache-Control"] = "private, no-cache"
    return answer


def _opened(request: SignedInRequest, slug: str, key: str, suffix: str) -> Material:
    """Return the material if the person may open it and its file has this suffix."""
    found = get_object_or_404(
        Material.objects.opened_to(request.user), course__slug=slug, key=key
    )
    if PurePath(found.file.name or "").suffix.lower() != suffix:
        raise Http404
    return found
