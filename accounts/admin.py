"""The admin's pages of people, their API tokens and their second factors."""

from collections.abc import Iterable
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.mfa import admin as _mfa_admin  # noqa: F401  registers what is replaced
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join

from accounts.http import SignedInRequest
from accounts.models import ApiToken, User
from accounts.services import revoke_token


class NewUserForm(AdminUserCreationForm[User]):
    """A new person, by email address. Without a password, they reset it themselves."""

    class Meta:
        model = User
        fields = ["email", "first_name", "last_name", "login", "can_create_courses"]

    def clean_email(self) -> str:
        """Return the address in lower case: in any case, it belongs to one person."""
        email: str = self.cleaned_data["email"].lower()
        if User.objects.filter(email__iexact=email).exists():
            self.add_error(
                "email",
                "Another account has this address already. Enter another address.",
            )
        return email


def _change_url(token: ApiToken) -> str:
    return reverse("admin:accounts_apitoken_change", args=[token.pk])


def _revoke(
    page: "admin.ModelAdmin[Any]", request: SignedInRequest, tokens: Iterable[ApiToken]
) -> None:
    """Revoke the tokens, log it in each one's history, and show how many they were."""
    done = [t for t in tokens if revoke_token(actor=request.user, token=t)]
    for token in done:
        page.log_change(request, token, "Revoked.")
    noun = "token" if len(done) == 1 else "tokens"
    page.message_user(request, f"{len(done)} {noun} revoked: refused from now on.")


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """Django's own pages for people, with the email address instead of a user name.

    Nobody is deleted, because marks rest on people. They are made inactive instead.
    """

    add_form = NewUserForm
    list_display = [
        "email",
        "first_name",
        "last_name",
        "login",
        "can_create_courses",
        "is_staff",
    ]
    list_filter = ["is_active", "can_create_courses", "is_staff", "is_superuser"]
    search_fields = ["email", "first_name", "last_name", "login"]
    ordering = ["last_name", "first_name", "email"]
    date_hierarchy = "date_joined"
    is_long = True
    show_full_result_count = False
    filter_horizontal = []
    actions = ["revoke_tokens"]
    readonly_fields = ["last_login", "date_joined", "tokens"]
    fieldsets = [
        (None, {"fields": ["email", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "login"]}),
        (
            "Teaching",
            {
                "fields": ["can_create_courses"],
                "description": (
                    "Switch this on for lecturers who make their own courses. It "
                    "gives no rights in other people's courses: there, rights follow "
                    "from the person's role."
                ),
            },
        ),
        (
            "Site",
            {
                "fields": ["is_active", "is_staff", "is_superuser"],
                "description": (
                    "People who run the site are both staff and superusers. "
                    "Lecturers and assistants are neither: they have a role in their "
                    "course."
                ),
            },
        ),
        ("Times", {"fields": ["last_login", "date_joined"]}),
        ("Programs", {"fields": ["tokens"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["email", "first_name", "last_name", "login"]}),
        ("Teaching", {"fields": ["can_create_courses"]}),
        (None, {"fields": ["usable_password", "password1", "password2"]}),
    ]

    @admin.display(description="API tokens", empty_value="none")
    def tokens(self, person: User) -> str:
        """Return the person's tokens, each with a link to its page."""
        rows = [(_change_url(t), t, t.state) for t in person.api_tokens.all()]
        return format_html_join("", '<p><a href="{}">{}</a>: {}</p>', rows)

    @admin.action(
        description="Revoke all API tokens of the chosen people", permissions=["revoke"]
    )
    def revoke_tokens(self, request: SignedInRequest, people: QuerySet[User]) -> None:
        """Revoke all their tokens: they are refused from the next request on."""
        tokens = ApiToken.objects.filter(user__in=people, revoked_at__isnull=True)
        _revoke(self, request, tokens.select_related("user"))

    def has_revoke_permission(self, request: SignedInRequest) -> bool:
        """Return whether the person may revoke other people's tokens."""
        return request.user.is_superuser

    def has_delete_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        return False

    @method_decorator(reauthentication_required)
    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002  Django's own name
        form_url: str = "",
    ) -> HttpResponse:
        """Set somebody's password; one's own is changed on the portal's page.

        SECURITY: this page asks for no old password. On one's own account, somebody
        with a borrowed session of site staff could use it to keep the account.
        """
        if id == str(request.user.pk):
            return redirect("account_change_password")
        answer: HttpResponse = super().user_change_password(request, id, form_url)
        return answer


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    """API tokens, to read and to revoke. Only their owner can create one."""

    list_display = [
        "name",
        "prefix",
        "user",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    ]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__email", "user__login"]
    date_hierarchy = "created_at"
    is_long = True
    show_full_result_count = False
    exclude = ["digest"]
    list_filter = ["revoked_at", "expires_at", "last_used_at"]
    actions = ["revoke"]

    @admin.action(description="Revoke the chosen tokens", permissions=["revoke"])
    def revoke(self, request: SignedInRequest, tokens: QuerySet[ApiToken]) -> None:
        """Revoke the tokens: they are refused from the next request on."""
        _revoke(self, request, tokens.select_related("user"))

    def has_revoke_permission(self, request: SignedInRequest) -> bool:
        """Return whether the person may revoke other people's tokens."""
        return request.user.is_superuser

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: ApiToken | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: ApiToken | None = None
    ) -> bool:
        return False


admin.site.unregister(Authenticator)
# Rights follow from roles in courses, so a group gives no rights.
admin.site.unregister(Group)


@admin.register(Authenticator)
class AuthenticatorAdmin(admin.ModelAdmin[Any]):
    """Second factors: to read, and to delete for somebody who lost theirs.

    SECURITY: codes are made from the stored data, so it is never shown.
    """

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__first_name", "user__last_name"]
    fields = ["user", "type", "created_at", "last_used_at"]
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @method_decorator(reauthentication_required)
    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> Any:
        """Delete a second factor, after the site staff member has signed in again."""
        return super().delete_view(request, object_id, extra_context)
