"""Filters of admin lists: by release, by what is missing, and by week."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone


class ReleasedFilter(admin.SimpleListFilter):
    """Filter by whether students see the row."""

    title = "release"
    parameter_name = "released"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [
            ("yes", "Visible to students"),
            ("later", "Released later"),
            ("no", "Hidden, without a time"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = {
            "yes": Q(release_at__lte=timezone.now()),
            "later": Q(release_at__gt=timezone.now()),
            "no": Q(release_at__isnull=True),
        }
        return queryset.filter(chosen.get(self.value() or "", Q()))


class ContentFilter(admin.SimpleListFilter):
    """Filter by whether a material has anything to open."""

    title = "content"
    parameter_name = "content"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [("yes", "A link, a file or a text"), ("no", "Nothing to open")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        nothing = Q(url="", file="", body="", attachments__isnull=True)
        chosen = {"yes": ~nothing, "no": nothing}
        return queryset.filter(chosen.get(self.value() or "", Q()))


class TakesPlaceFilter(admin.SimpleListFilter):
    """Filter by whether a session is ahead, cancelled, moved, or lacks time or place."""

    title = "state"
    parameter_name = "state"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [
            ("ahead", "Ahead"),
            ("cancelled", "Cancelled"),
            ("moved", "Moved"),
            ("open", "Without a time or a place"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        nowhere = Q(room__isnull=True, online_label="", online_url="")
        chosen = {
            "ahead": Q(ends_at__gt=timezone.now(), cancelled_at__isnull=True),
            "cancelled": Q(cancelled_at__isnull=False),
            "moved": Q(moved_from__isnull=False),
            "open": Q(starts_at__isnull=True) | nowhere,
        }
        return queryset.filter(chosen.get(self.value() or "", Q()))


class WeekFilter(admin.SimpleListFilter):
    """Filter by the number of the row's week."""

    title = "week"
    parameter_name = "week"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        # SECURITY: only weeks of rows that the person sees, so nothing of other
        # courses.
        rows = model_admin.get_queryset(request).filter(week__isnull=False)
        numbers = rows.order_by("week__number").values_list("week__number", flat=True)
        return [(str(number), f"Week {number}") for number in numbers.distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        return queryset.filter(week__number=value) if value.isdecimal() else queryset


class ModuleCodeFilter(admin.SimpleListFilter):
    """Filter by the code under which the person takes the course."""

    title = "module code"
    parameter_name = "module_code"
    none = "-"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        # SECURITY: only codes of rows that the person sees.
        rows = model_admin.get_queryset(request).order_by("module_code")
        codes = rows.values_list("module_code", flat=True).distinct()
        return [(code, code) if code else (self.none, "None") for code in codes]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        return queryset.filter(module_code="" if value == self.none else value)
