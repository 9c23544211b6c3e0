"""Parts of the marking page that come after it: the notebook, like answers, presence."""

import hashlib
from collections.abc import Mapping
from typing import Final

from csp.decorators import csp
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import (
    Http404,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
)
from django.shortcuts import redirect, render
from django.utils.http import parse_etags, quote_etag
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from accounts.http import SignedInRequest
from formats.choices import FileKind
from grading.forms.marking_work import SeenWork
from grading.models import Stage, Standing
from grading.pages.marking_cells import whole_notebook
from grading.pages.marking_desk import MarkingDesk, files_beside
from grading.pages.marking_files import SHOWN_TYPES
from grading.pages.marking_like import LikeList, like_list
from grading.services.like_files import like_files
from grading.services.mark_standing import StandingRefusedError, set_standing
from grading.services.marking_presence import note_presence, present_markers
from grading.services.student_answers import LikeAnswers, like_answers
from grading.views.access import number_in
from grading.views.marking_desk import marking_desk
from storage.downloads import FRAMED, FRAMED_PDF, blob_attachment, blob_inline
from submissions.models import SubmittedFile

# How long one request reads answers to compare them.
_SECONDS: Final = 2.0


@login_required
@require_safe
@xframe_options_sameorigin
@csp(FRAMED)  # type: ignore[arg-type]  # its types know no arguments
def marking_notebook(
    request: SignedInRequest, slug: str, aslug: str, key: str, code: str
) -> HttpResponse:
    """Show the whole notebook, for a frame."""
    desk = marking_desk(request, slug, aslug, key, code)
    source = desk.notebook
    seen = repr((source, source.stored_sha256, request.GET))
    etag = quote_etag(hashlib.sha256(seen.encode(errors="replace")).hexdigest()[:32])
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponseNotModified(headers={"ETag": etag})
    page = whole_notebook(source, whole=number_in(request.GET.get("whole", "")))
    attempt = desk.attempt_query.get("attempt", "")
    context = {
        "page": page,
        "fault": page.fault,
        "material": f"Attempt {desk.item.attempt} of {desk.item.code}",
        "query": f"attempt={attempt}&" if attempt else "",
    }
    answer = render(request, "grading/executed.html", context)
    if not page.fault:
        answer["ETag"] = etag
    answer["Cache-Control"] = "private, no-cache"
    return answer


@login_required
@require_safe
def marking_file(
    request: SignedInRequest, slug: str, aslug: str, key: str, *, code: str, name: str
) -> HttpResponseBase:
    """Send a file that was handed in beside the notebook, or in place of one."""
    desk = marking_desk(request, slug, aslug, key, code)
    found = _open_file(desk, name)
    return blob_attachment(found.sha256, f"{desk.item.code}-{found.name}")


@login_required
@require_safe
@xframe_options_sameorigin
@csp(FRAMED_PDF)  # type: ignore[arg-type]  # its types know no arguments
def marking_file_shown(
    request: SignedInRequest, slug: str, aslug: str, key: str, *, code: str, name: str
) -> HttpResponseBase:
    """Send a PDF or a picture for the marking page, if it is the answer."""
    desk = marking_desk(request, slug, aslug, key, code)
    found = _open_file(desk, name)
    content_type = SHOWN_TYPES.get(FileKind(found.kind))
    if content_type is None or not desk.is_files_only:
        raise Http404
    return blob_inline(found.sha256, f"{desk.item.code}-{found.name}", content_type)


def _open_file(desk: MarkingDesk, name: str) -> SubmittedFile:
    """Return the attempt's file of this name. Raises Http404 if it is kept back.

    SECURITY: see `shows_files` of the desk.
    """
    files = files_beside(desk)
    found = next((each for each in files if each.name == name), None)
    if found is None or not desk.shows_files or found.removed_at is not None:
        raise Http404
    return found


@login_required
@never_cache
@require_safe
def marking_like(
    request: SignedInRequest, slug: str, aslug: str, key: str, code: str
) -> HttpResponse:
    """List whose answers are like this one, as a part of the marking page."""
    desk = marking_desk(request, slug, aslug, key, code)
    context = {"like": likes_of(desk)}
    return render(request, "grading/_marking_like.html", context)


@login_required
@never_cache
@require_POST
def marking_presence(
    request: SignedInRequest, slug: str, aslug: str, key: str, code: str
) -> HttpResponse:
    """Note that the person has this open; answer who else has, and what has changed."""
    desk = marking_desk(request, slug, aslug, key, code)
    note_presence(actor=request.user, target=desk.target)
    others = (
        {}
        if desk.item.stage == Stage.SECOND
        else present_markers(desk.assignment, request.user)
    )
    version = request.POST.get("version", "")
    context = {
        "present": others.get((desk.item.key, desk.item.student), ""),
        "is_changed": version != str(desk.item.version),
    }
    return render(request, "grading/_marking_presence.html", context)


@login_required
@require_POST
def marking_standing(
    request: SignedInRequest, slug: str, aslug: str, key: str, code: str
) -> HttpResponse:
    """Excuse the student from the assignment, or take that back."""
    desk = marking_desk(request, slug, aslug, key, code)
    wants = request.POST.get("standing") == Standing.EXCUSED
    try:
        set_standing(
            actor=request.user,
            assignment=desk.assignment,
            student=desk.student,
            standing=Standing.EXCUSED if wants else None,
            reason=request.POST.get("reason", "").replace("\0", ""),
        )
    except StandingRefusedError as refused:
        messages.error(request, str(refused))
    else:
        words = "is excused" if wants else "is not excused any more"
        messages.success(request, f"{desk.name} {words}.")
    return redirect(desk.form_url)


def likes_of(
    desk: MarkingDesk, chosen: Mapping[str, SeenWork] | None = None
) -> LikeList:
    """Return the list of answers like the one on the desk, with these chosen."""
    return like_list(desk, _likes_of(desk), chosen)


def _likes_of(desk: MarkingDesk) -> LikeAnswers:
    """Return whose answers are like the one on the desk, as far as time allows."""
    revision = desk.revision
    if revision is None:
        return LikeAnswers()
    if revision.is_files_only:
        return like_files(desk.item, desk.queue.of_question(desk.item.key))
    return like_answers(
        desk.item,
        desk.queue.of_question(desk.item.key),
        keys=desk.keys,
        revision=revision,
        seconds=_SECONDS,
    )
