"""Import and export of tables in the admin, for the person's own courses only."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

# isort: split
import courses.admin.table_formats  # noqa: F401  before import_export is loaded

# isort: split
from import_export.admin import ImportExportMixin
from import_export.formats import base_formats
from import_export.tmp_storages import CacheStorage

from courses.admin.rights import editable_rows, edits_any_course, user_of
from courses.models import Course


class ConfirmTableForm(forms.Form):
    """What the page that previews a table sends to have the table imported."""

    import_file_name = forms.RegexField(r"^[0-9a-f]{32}$")
    original_file_name = forms.CharField(max_length=300)
    format = forms.ChoiceField()
    resource = forms.ChoiceField(choices=[("", ""), ("0", "0")], required=False)

    def __init__(self, formats: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numbers = [str(number) for number in range(formats)]
        self.fields["format"].choices = [(each, each) for each in numbers]  # type: ignore[attr-defined]

    def clean_import_file_name(self) -> str:
        """Return the name, or raise ValidationError if no table is kept under it."""
        name: str = self.cleaned_data["import_file_name"]
        if CacheStorage(name=name).read() is None:
            raise ValidationError("This table is no longer here. Upload it again.")
        return name


class ScopedImportExport(ImportExportMixin):
    """Imports into courses that the person edits, and exports rows of these only."""

    # SECURITY: no YAML, whose aliases can turn a few hundred bytes into gigabytes.
    formats = [base_formats.CSV, base_formats.TSV, base_formats.JSON]

    @method_decorator(require_POST)
    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Import the previewed table; if it is gone, ask for it again."""
        if self.has_import_permission(request):
            form = ConfirmTableForm(len(self.formats), request.POST)
            if not form.is_valid():
                messages.error(
                    request, "The table is no longer here. Choose the file again."
                )
                opts = self.model._meta  # noqa: SLF001  Django's documented name
                return redirect(f"admin:{opts.app_label}_{opts.model_name}_import")
        answer: HttpResponse = super().process_import(request, **kwargs)
        return answer

    def has_import_permission(self, request: HttpRequest) -> bool:
        return edits_any_course(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return edits_any_course(request)

    def get_resource_index(self, form: forms.Form) -> int:
        # There is one resource for each model. The number in the form may be any text.
        return 0

    def get_valid_export_item_pks(self, request: HttpRequest) -> list[Any]:
        """Return the primary keys of the rows that the person edits."""
        return list(self.get_queryset(request).values_list("pk", flat=True))

    def get_import_resource_kwargs(
        self, request: HttpRequest, **kwargs: Any
    ) -> dict[str, Any]:
        own = super().get_import_resource_kwargs(request, **kwargs)
        user = user_of(request)
        # SECURITY: a row of another course is not found, whatever the table says.
        courses = editable_rows(Course, user) if user else Course.objects.none()
        return {**own, "courses": courses, "actor": user}
