"""Admin pages of extensions and accommodations.

What a row would change in marks and lateness is shown before it is stored or deleted, as
on the course's own pages.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import unquote
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from accounts.models import User
from courses.admin.rights import signed_in_user
from courses.admin.scope import CourseScopedAdmin
from courses.models import Accommodation, Extension
from courses.services.accommodations import (
    save_accommodation,
    withdraw_accommodation,
    withdraw_accommodations,
)
from courses.services.extensions import (
    save_extension,
    withdraw_extension,
    withdraw_extensions,
)
from grading.services.extra_time_plan import (
    plan_saved_accommodation,
    plan_saved_extension,
    plan_withdrawn_accommodations,
    plan_withdrawn_extensions,
)
from grading.services.seen_plans import is_unseen
from grading.services.settings_plan import SettingsPlan

if TYPE_CHECKING:
    FormBase = forms.ModelForm[Any]
else:
    FormBase = forms.ModelForm

_UNSEEN = "This changes marks or lateness, as shown. To store it anyway, save again."
_CHANGED = "What would change is no longer what you saw. Check it, and confirm again."


class PlannedForm(FormBase):
    """A form that is refused until the person has seen what it would change.

    `plan` is then what to show; the page sends its digest as `seen`. `viewer` is the
    person, whom the admin sets.
    """

    viewer: User
    plan: SettingsPlan | None = None

    def full_clean(self) -> None:
        super().full_clean()
        if not self.is_bound or self.errors:
            return
        plan = self.plan_saving(self.instance)
        if is_unseen(self.viewer, plan, self.data.get("seen")):
            self.plan = plan
            self.add_error(None, _UNSEEN)

    def plan_saving(self, row: Any) -> SettingsPlan:
        """Return what storing the row would change."""
        raise NotImplementedError


class ExtensionForm(PlannedForm):
    def plan_saving(self, row: Any) -> SettingsPlan:
        return plan_saved_extension(row)


class AccommodationForm(PlannedForm):
    def plan_saving(self, row: Any) -> SettingsPlan:
        return plan_saved_accommodation(row)


class PlannedAdmin(CourseScopedAdmin):
    """Rows of extra time, which are not deleted before their effect was shown."""

    change_form_template = "admin/grading/extra_time_form.html"
    delete_confirmation_template = "admin/grading/extra_time_delete.html"
    delete_selected_confirmation_template = "admin/grading/extra_time_delete_many.html"
    actions = ["delete_selected"]

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # The form's class is made anew for each request.
        form: Any = super().get_form(request, *args, **kwargs)
        form.viewer = signed_in_user(request)
        return form

    def plan_deleting(self, rows: Iterable[Any]) -> SettingsPlan:
        """Return what deleting the rows would change."""
        raise NotImplementedError

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> Any:
        row: Model | None = self.get_object(request, unquote(object_id))
        if row is None or not self.has_delete_permission(request, row):
            return super().delete_view(request, object_id, extra_context)
        plan = self.plan_deleting([row])
        if request.method == "POST" and _is_new(request, plan):
            messages.warning(request, _CHANGED)
            return redirect(request.get_full_path())
        context = {**(extra_context or {}), "plan": plan}
        return super().delete_view(request, object_id, context)

    @admin.action(
        permissions=["delete"],
        description="Delete selected %(verbose_name_plural)s",
    )
    def delete_selected(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponseBase | None:
        """Show what deleting the rows would change; delete them once that was seen."""
        plan = self.plan_deleting(queryset)
        if "post" in request.POST and _is_new(request, plan):
            messages.warning(request, _CHANGED)
            given = request.POST.copy()
            del given["post"]
            request.POST = given  # type: ignore[assignment]  # shows the question again
        answer = delete_selected(self, request, queryset)
        if isinstance(answer, TemplateResponse):
            answer.context_data = {**(answer.context_data or {}), "plan": plan}
        return answer


def _is_new(request: HttpRequest, plan: SettingsPlan) -> bool:
    return is_unseen(signed_in_user(request), plan, request.POST.get("seen"))


@admin.register(Extension)
class ExtensionAdmin(PlannedAdmin):
    """Extensions. Whoever saves one first is the person who granted it."""

    form = ExtensionForm
    list_display = ["student", "assignment", "course", "due_at", "granted_by"]
    list_filter = [("assignment__course", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["student", "assignment__course", "granted_by"]
    search_fields = [
        "student__email",
        "student__first_name",
        "student__last_name",
        "assignment__title",
    ]
    readonly_fields = ["granted_by", "granted_at"]
    date_hierarchy = "granted_at"

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        user = signed_in_user(request)
        if obj.granted_by_id is None:
            obj.granted_by = user
        save_extension(actor=user, extension=obj)

    def plan_deleting(self, rows: Iterable[Any]) -> SettingsPlan:
        return plan_withdrawn_extensions(rows)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        withdraw_extension(actor=signed_in_user(request), extension=obj)

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[Extension]
    ) -> None:
        rows = list(queryset.select_related("assignment__course", "student"))
        withdraw_extensions(actor=signed_in_user(request), extensions=rows)

    @admin.display(ordering="assignment__course")
    def course(self, extension: Extension) -> str:
        return str(extension.assignment.course)


@admin.register(Accommodation)
class AccommodationAdmin(PlannedAdmin):
    """Accommodations. Whoever saves one first is the person who gave it."""

    form = AccommodationForm
    list_display = ["student", "course", "words", "granted_by"]
    list_filter = [("course", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["student", "course", "granted_by"]
    search_fields = ["student__email", "student__first_name", "student__last_name"]
    readonly_fields = ["granted_by", "granted_at"]

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        user = signed_in_user(request)
        if obj.granted_by_id is None:
            obj.granted_by = user
        save_accommodation(actor=user, accommodation=obj)

    def plan_deleting(self, rows: Iterable[Any]) -> SettingsPlan:
        return plan_withdrawn_accommodations(rows)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        withdraw_accommodation(actor=signed_in_user(request), accommodation=obj)

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[Accommodation]
    ) -> None:
        rows = list(queryset.select_related("course", "student"))
        withdraw_accommodations(actor=signed_in_user(request), accommodations=rows)
