"""Addresses of people's calendars, which site staff can end."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from courses.models import CalendarFeed

if TYPE_CHECKING:
    FeedAdminBase = admin.ModelAdmin[CalendarFeed]
else:
    FeedAdminBase = admin.ModelAdmin


@admin.register(CalendarFeed)
class CalendarFeedAdmin(FeedAdminBase):
    """Who has an address for their calendar. To delete it is to end it.

    The address itself is shown to nobody: only its hash is kept. Who needs another one
    makes it on their own page.
    """

    list_display = ["user", "created_at", "read_at"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__first_name", "user__last_name"]
    date_hierarchy = "created_at"
    fields = ["user", "created_at", "read_at"]
    readonly_fields = ["user", "created_at", "read_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: CalendarFeed | None = None
    ) -> bool:
        return False
