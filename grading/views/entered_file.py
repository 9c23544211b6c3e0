"""The page on which marks are entered from a CSV or XLSX file, after a preview."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from accounts.throttles import ImportThrottle, seconds_to_wait
from courses.models import Assignment
from courses.views.import_uploads import too_many_uploads, with_retry_after
from formats.mark_table import MOST_BYTES, read_mark_table
from formats.problems import ImportRefusedError, Problem
from grading.forms.entered_file import EnteredFileForm
from grading.pages.entered_file import EnteredFilePage, entered_file_page
from grading.services.entered_marks import NotEnteredError
from grading.views.entered_marks import enterable_assignment

UNPROCESSABLE: Final = 422


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def entered_file(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show the form; on POST, show what the file would change. Nothing is stored here.

    The preview has a form that sends what it shows to the page on which marks are
    entered, with what was stored when it was made. So no file is kept, and if one of
    its marks has changed meanwhile, that page stores nothing and says so.
    """
    found = enterable_assignment(request.user, slug, aslug)
    if found.marks_out_of is None:
        messages.error(request, str(NotEnteredError(found)))
        return redirect("grading:assignment-staff", slug, aslug)
    if request.method != "POST":
        return _page(request, found, EnteredFileForm())
    form = EnteredFileForm(request.POST, request.FILES)
    if wait := seconds_to_wait(ImportThrottle, request):
        refused = _page(request, found, form, faults=(too_many_uploads(wait),))
        return with_retry_after(refused, wait)
    if not form.is_valid():
        return _page(request, found, form)
    upload = form.cleaned_data["file"]
    try:
        # One byte more than is allowed, so that the reader refuses a longer file.
        table = read_mark_table(upload.read(MOST_BYTES + 1), title=found.title)
    except ImportRefusedError as error:
        return _page(request, found, form, faults=error.problems)
    plan = entered_file_page(found, table)
    return _page(request, found, form, plan=plan, name=upload.name or "")


def _page(
    request: SignedInRequest,
    found: Assignment,
    form: EnteredFileForm,
    *,
    plan: EnteredFilePage | None = None,
    name: str = "",
    faults: tuple[Problem, ...] = (),
) -> HttpResponse:
    context = {
        "course": found.course,
        "tab": "marks",
        "assignment": found,
        "form": form,
        "plan": plan,
        "file_name": name,
        "faults": faults,
    }
    is_refused = bool(faults) or (form.is_bound and plan is None)
    status = UNPROCESSABLE if is_refused else None
    return render(request, "grading/entered_file.html", context, status=status)
