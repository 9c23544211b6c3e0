"""An action on people's admin pages that ends the addresses of their calendars.

Calendars have no admin page: when somebody's calendar was read is private.
"""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin import UserAdmin
from accounts.models import User
from courses.calendar.services import revoke_feed
from courses.models import CalendarFeed


@admin.action(
    description="End the calendar addresses of the chosen people",
    permissions=["revoke"],
)
def end_calendars(
    page: UserAdmin, request: HttpRequest, people: QuerySet[User]
) -> None:
    """End the addresses of these people's calendars, from the next request on."""
    feeds = CalendarFeed.objects.filter(user__in=people).select_related("user")
    owners = [feed.user for feed in feeds]
    for person in owners:
        revoke_feed(actor=person)
        page.log_change(request, person, "Ended the address of the calendar.")
    noun = "calendar address" if len(owners) == 1 else "calendar addresses"
    page.message_user(
        request,
        f"{len(owners)} {noun} ended. Calendar programs can no longer read them.",
    )


UserAdmin.actions = [*UserAdmin.actions, end_calendars]
