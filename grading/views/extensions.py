"""The views of extensions: who has one, granting one, and withdrawing it."""

import datetime as dt
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import SignedInRequest
from accounts.models import User
from courses.forms.moments import MomentField
from courses.forms.staff import add_faults
from courses.models import Assignment, Enrolment, Extension
from courses.permissions import Right
from courses.services.extensions import (
    ExtensionRefusedError,
    grant_extension,
    withdraw_extension,
)
from courses.wall_clock import moment_words
from grading.views.access import allowed_assignment

UNPROCESSABLE: Final = 422
_LONGEST_REASON: Final = 1_000


class StudentField(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django takes none at run time
    """A student of the course, by name and address."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the name with the address, because names are not unique."""
        return f"{obj.name} ({obj.email})" if obj.name != obj.email else obj.email


class ExtensionForm(forms.Form):
    """The student and the new deadline, in the course's time zone."""

    student = StudentField(User.objects.none(), label="Student")
    due_at = MomentField(label="New deadline")
    reason = forms.CharField(
        label="Why",
        max_length=_LONGEST_REASON,
        help_text="For staff. The student reads the new deadline, and not why.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, assignment: Assignment, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        students = Enrolment.objects.students().filter(course=assignment.course_id)
        field: Any = self.fields["student"]
        field.queryset = User.objects.filter(pk__in=students.values("user"))
        zone = assignment.course.time_zone
        self.fields["due_at"].help_text = (
            f"{zone}. The common deadline is "
            f"{moment_words(assignment.due_at, assignment.course.tz)}."
        )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def extensions(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """List the assignment's extensions; on POST, grant one."""
    found = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    with timezone.override(found.course.tz):
        if request.method != "POST":
            return _page(request, found, ExtensionForm(found, initial=_chosen(request)))
        form = ExtensionForm(found, request.POST)
        if form.is_valid():
            try:
                granted = grant_extension(
                    actor=request.user, assignment=found, **form.cleaned_data
                )
            except ExtensionRefusedError as refused:
                add_faults(form, refused)
            else:
                messages.success(
                    request, _words(granted.student, granted.due_at, found)
                )
                return _back(found)
        return _page(request, found, form)


@login_required
@require_POST
def extension_withdraw(
    request: SignedInRequest, slug: str, aslug: str, pk: int
) -> HttpResponse:
    """Withdraw an extension, so that the common deadline applies again."""
    found = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    rows = found.extensions.select_related("student", "assignment__course")
    extension = get_object_or_404(rows, pk=pk)
    withdraw_extension(actor=request.user, extension=extension)
    messages.success(request, _words(extension.student, found.due_at, found))
    return _back(found)


def _chosen(request: SignedInRequest) -> dict[str, str]:
    student = request.GET.get("student", "")
    return {"student": student} if student.isdecimal() else {}


def _words(student: User, due_at: dt.datetime, found: Assignment) -> str:
    moment = moment_words(due_at, found.course.tz)
    return f"{found.title} is due on {moment} for {student}. They read it too."


def _back(found: Assignment) -> HttpResponseRedirect:
    return redirect("grading:extensions", found.course.slug, found.slug)


def _page(
    request: SignedInRequest, found: Assignment, form: ExtensionForm
) -> HttpResponse:
    rows = Extension.objects.filter(assignment=found)
    context = {
        "course": found.course,
        "tab": "marks",
        "assignment": found,
        "form": form,
        "extensions": rows.select_related("student", "granted_by").order_by("due_at"),
        "now": timezone.now(),
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/extensions.html", context, status=status)
