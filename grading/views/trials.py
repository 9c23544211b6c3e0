"""The views of a revision's trial runs, and of publishing it."""

from csp.decorators import csp
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.http import SignedInRequest
from courses.permissions import Right, can
from grading.models import GradingRun, Trial
from grading.pages.failed_cells import executed_cells
from grading.pages.trials import trials_page
from grading.services import TrialsNotGoodError, publish_revision, start_trials
from grading.trial_state import trials_of
from grading.views.access import allowed_assignment, revision_of
from grading.views.live import live_page
from rendering.notebooks import NotebookUnreadableError
from storage.downloads import SANDBOXED, blob_attachment


@login_required
@require_safe
def trials(
    request: SignedInRequest, slug: str, aslug: str, number: int
) -> HttpResponse:
    """Show model solution and hand-out side by side; the fragment updates itself."""
    found = allowed_assignment(request.user, slug, aslug, Right.VIEW_ALL_WORK)
    page = trials_page(
        assignment=found,
        revision=revision_of(found, number),
        may_edit=can(request.user, Right.EDIT, found.course),
        now=timezone.now(),
    )
    return live_page(request, found, page, name="trials")


@login_required
@require_safe
@csp(SANDBOXED)  # type: ignore[arg-type]  # csp's types know no arguments
def trial_notebook(
    request: SignedInRequest, slug: str, aslug: str, number: int, trial: str
) -> HttpResponse:
    """Show the executed notebook of a trial, on a page of its own."""
    run = _executed(request, slug, aslug, number, trial)
    context: dict[str, object] = {"material": f"{Trial(run.trial).label}, executed"}
    try:
        context["cells"] = executed_cells(run)
    except NotebookUnreadableError as error:
        context["fault"] = str(error)
    answer = render(request, "notebook_frame.html", context)
    answer["Cache-Control"] = "private, no-cache"
    return answer


@login_required
@require_safe
def trial_file(
    request: SignedInRequest, slug: str, aslug: str, number: int, trial: str
) -> FileResponse:
    """Send the executed notebook of a trial."""
    run = _executed(request, slug, aslug, number, trial)
    return blob_attachment(
        run.executed_sha256, f"{aslug}-revision{number}-{run.trial}.ipynb"
    )


def _executed(
    request: SignedInRequest, slug: str, aslug: str, number: int, trial: str
) -> GradingRun:
    """Return the latest run of the trial, or 404 if it has no executed notebook."""
    found = allowed_assignment(request.user, slug, aslug, Right.VIEW_ALL_WORK)
    for report in trials_of(revision_of(found, number)).both:
        if report.trial == trial and report.run and report.run.executed_sha256:
            return report.run
    raise Http404


@login_required
@require_POST
def trials_start(
    request: SignedInRequest, slug: str, aslug: str, number: int
) -> HttpResponse:
    """Put both trials in the queue."""
    found = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    start_trials(actor=request.user, revision=revision_of(found, number))
    return redirect("grading:trials", slug, aslug, number)


@login_required
@require_POST
def publish(
    request: SignedInRequest, slug: str, aslug: str, number: int
) -> HttpResponse:
    """Publish the revision; if its trials are not as expected, only with a reason."""
    found = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    revision = revision_of(found, number)
    reason = request.POST.get("reason", "")
    try:
        done = publish_revision(actor=request.user, revision=revision, reason=reason)
    except TrialsNotGoodError:
        messages.error(
            request,
            "Nothing was published. The trial runs are not as expected: give a "
            "reason to publish anyway.",
        )
    else:
        words = "is published" if done else "was published already"
        messages.success(request, f"Revision {number} {words}.")
    return redirect("grading:trials", slug, aslug, number)
