"""The page that adds one person to a course by their address."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.forms.person_add import PersonForm
from courses.models import Course
from courses.permissions import Right
from courses.services.enrolments import RoleRefusedError
from courses.services.invitations import send_invitations
from courses.services.roster import RosterChangedError, RosterImport, add_person
from courses.services.roster_plan import Step
from courses.views.access import allowed_course
from formats.roster import Entry, RosterError

UNPROCESSABLE = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def person_add(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask for an address and a role; on POST, enrol the person."""
    course = allowed_course(request.user, slug, Right.MANAGE_PEOPLE)
    if request.method != "POST":
        return _page(request, course, PersonForm(course))
    form = PersonForm(course, request.POST)
    if not form.is_valid():
        return _page(request, course, form)
    try:
        done = add_person(actor=request.user, course=course, entry=form.entry)
    except RosterError as error:
        form.add_error(None, [f"{each.message} {each.hint}" for each in error.problems])
    except (RosterChangedError, RoleRefusedError) as error:
        form.add_error(
            None,
            str(error)
            or "Somebody else added this person at the same time. Try again.",
        )
    else:
        messages.success(request, _words(done, form.entry))
        if form.cleaned_data["invite"] and send_invitations(
            course, done.cannot_sign_in
        ):
            messages.success(request, "They get a mail that says how to sign in.")
        return redirect("courses:people", course.slug)
    return _page(request, course, form)


def _words(done: RosterImport, entry: Entry) -> str:
    """Return the message that says what was done with the person of the form."""
    change = done.plan.change_of(entry)
    if change.step is Step.SAME:
        note = f" {change.notes[0]}" if change.notes else ""
        return f"{change.name} is in the course already: {change.after}.{note}"
    return f"{change.name} is in the course: {change.after}."


def _page(request: SignedInRequest, course: Course, form: PersonForm) -> HttpResponse:
    context = {"course": course, "tab": "manage", "form": form}
    status = UNPROCESSABLE if form.errors else None
    return render(request, "courses/person_add.html", context, status=status)
