"""How a marked notebook differs from the hand-out, for the frame of the marking page."""

from csp.decorators import csp
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from formats.notebook.cell_changes import cell_changes
from grading.pages.marking_cells import answer_places_in, shown_cells
from grading.services.student_answers import handout_cells
from grading.views.marking_desk import marking_desk
from rendering.notebooks import NotebookUnreadableError
from storage.downloads import FRAMED


@login_required
@never_cache
@require_safe
@xframe_options_sameorigin
@csp(FRAMED)  # type: ignore[arg-type]  # its types know no arguments
def marking_changes(
    request: SignedInRequest, slug: str, aslug: str, key: str, code: str
) -> HttpResponse:
    """Show the notebook's cells with what was added, removed and changed."""
    desk = marking_desk(request, slug, aslug, key, code)
    before = handout_cells(desk.revision) if desk.revision else []
    try:
        changes, fault = cell_changes(before, shown_cells(desk.notebook).cells), ""
        answer = answer_places_in(desk.notebook, desk.item.key)
    except NotebookUnreadableError as error:
        changes, fault, answer = [], str(error), frozenset()
    context = {
        "changes": changes,
        "answer": answer,
        "has_handout": bool(before),
        "fault": fault,
        "material": f"Changes to the hand-out in attempt {desk.item.attempt} "
        f"of {desk.item.code}",
    }
    return render(request, "grading/marking_changes.html", context)
