"""The page of a course's people: the list, changing a role, and inviting."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.http import SignedInRequest
from courses.forms.people import InviteForm, RoleForm
from courses.models import Course
from courses.pages.people import people_page, people_query
from courses.permissions import Right, can
from courses.services.enrolments import RoleRefusedError, change_role, role_words
from courses.services.invitations import send_invitations
from courses.views.access import allowed_course
from formats.choices import Role


@login_required
@require_safe
def people(request: SignedInRequest, slug: str) -> HttpResponse:
    """List the people of the course, for its staff."""
    course = allowed_course(request.user, slug, Right.VIEW_ALL_WORK)
    context = {
        "course": course,
        "tab": "manage",
        "people": people_page(
            course,
            q=request.GET.get("q", ""),
            show=request.GET.get("show", ""),
            page=request.GET.get("page", ""),
        ),
        "can_edit": can(request.user, Right.MANAGE_PEOPLE, course),
        "roles": Role.choices,
    }
    return render(request, "courses/people.html", context)


@login_required
@require_POST
def role(request: SignedInRequest, slug: str) -> HttpResponse:
    """Change somebody's role, or make them inactive or active again."""
    course = allowed_course(request.user, slug, Right.MANAGE_PEOPLE)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was changed. Choose a role from the list.")
        return _back(request, course)
    wanted = form.cleaned_data
    enrolment = get_object_or_404(
        course.enrolments.select_related("user", "course"), pk=wanted["enrolment"]
    )
    is_active = wanted["active"] == "1" if wanted["active"] else None
    is_role = bool(wanted["role"]) and is_active is None
    try:
        change_role(
            actor=request.user,
            enrolment=enrolment,
            role=Role(wanted["role"]) if is_role else None,
            is_active=is_active,
        )
    except RoleRefusedError as error:
        messages.error(request, str(error))
    else:
        words = role_words(enrolment.role, is_active=enrolment.is_active)
        messages.success(request, f"{enrolment.user.name} is now: {words}.")
    return _back(request, course)


@login_required
@require_POST
def invite(request: SignedInRequest, slug: str) -> HttpResponse:
    """Invite one person who has never signed in, or all who were not invited."""
    course = allowed_course(request.user, slug, Right.MANAGE_PEOPLE)
    form = InviteForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nobody was invited. Choose a person from the list.")
        return _back(request, course)
    chosen = form.cleaned_data["enrolment"]
    rows = course.enrolments.not_signed_in().select_related("user")
    if chosen:
        rows = rows.filter(pk=chosen)
    people = [row.user for row in rows]
    waiting = send_invitations(course, people, again=bool(chosen))
    if waiting:
        show_invitations_sent(request, waiting)
    else:
        messages.info(
            request,
            (
                "There is nobody to invite: everybody has signed in or was invited "
                "already."
            ),
        )
    return _back(request, course)


def show_invitations_sent(request: SignedInRequest, waiting: int) -> None:
    """Show how many invitations wait, and that a fault only delays them."""
    if waiting:
        words = "1 invitation is" if waiting == 1 else f"{waiting} invitations are"
        messages.success(
            request,
            f"{words} being sent. If a mail cannot be sent now, we try again later. "
            "The list shows who was invited.",
        )


def _back(request: SignedInRequest, course: Course) -> HttpResponseRedirect:
    """Redirect to the listed people, or home if the person may no longer see them."""
    if not can(request.user, Right.VIEW_ALL_WORK, course):
        return redirect("home")
    query = people_query(
        **{name: request.GET.get(name, "") for name in ("q", "show", "page")}
    )
    return redirect(f"{reverse('courses:people', args=[course.slug])}?{query}")
