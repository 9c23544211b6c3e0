"""The admin site: sign-in, passwords and short links by the portal's rules."""

from typing import Any

from allauth.account import views as account_views
from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path

from portal.admin_requests import ViewT, with_checked_parameters


class PortalAdminSite(admin.AdminSite):
    """Serve the admin without Django's own account pages and short links.

    SECURITY: Django's forms for signing in and for changing a password have no rate
    limit and do not know the second factor. Neither can be reached here: each address
    leads to allauth's page.
    """

    # The lists are wide, and the index is one click away.
    enable_nav_sidebar = False

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return the admin's addresses with our short link instead of Django's."""
        short_link = path(
            "r/<path:content_type_id>/<path:object_id>/",
            self.admin_view(self.view_on_site),
            name="view_on_site",
        )
        urls = super().get_urls()
        return [short_link, *(url for url in urls if _name(url) != short_link.name)]

    def admin_view(self, view: ViewT, cacheable: bool = False) -> ViewT:  # noqa: FBT001, FBT002  Django's own
        """Return the view for those who may enter, with its parameters checked."""
        entered: ViewT = super().admin_view(with_checked_parameters(view), cacheable)
        return entered

    def login(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send people to sign in, and staff who are signed in to the index."""
        answer: HttpResponse = _sign_in(request)
        return answer

    def logout(  # type: ignore[override]  # a redirect, no page
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """End the session like the portal's own page."""
        answer: HttpResponseBase = account_views.logout(request)
        return answer

    def password_change(  # type: ignore[override]  # a redirect, no page
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Send the person to the portal's page for their password."""
        return redirect("account_change_password")

    def password_change_done(  # type: ignore[override]  # a redirect, no page
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Send the person to the portal's page for their password."""
        return redirect("account_change_password")

    def autocomplete_view(  # type: ignore[override]  # as Django's own view answers
        self, request: HttpRequest
    ) -> HttpResponseBase:
        """Answer a search field with rows that the person may choose."""
        # The module imports models, which are loaded after this class.
        from portal.admin_autocomplete import (  # noqa: PLC0415
            ScopedAutocompleteView,
        )

        return ScopedAutocompleteView.as_view(admin_site=self)(request)

    def view_on_site(
        self, request: HttpRequest, content_type_id: str, object_id: str
    ) -> HttpResponse:
        """Redirect to a row's page if the person sees it in the admin, else 404.

        SECURITY: Django's own view checks no permission, and so gave away the address
        of any row, released or not.
        """
        model = _model(content_type_id)
        row_admin = self._registry.get(model) if model else None
        row = row_admin.get_object(request, object_id) if row_admin else None
        if row is None or row_admin is None or not hasattr(row, "get_absolute_url"):
            raise Http404
        if not row_admin.has_view_permission(request, row):
            raise Http404
        return redirect(row.get_absolute_url())


def _name(url: URLPattern | URLResolver) -> str | None:
    return url.name if isinstance(url, URLPattern) else None


def _to_index(request: HttpRequest) -> HttpResponse:
    """Send people who are signed in already to the admin's first page."""
    return redirect("admin:index")


# It refuses people who are not staff, and sends anonymous people to allauth's page.
_sign_in = secure_admin_login(_to_index)


def _model(content_type_id: str) -> type[Any] | None:
    """Return the model with this content type, or None."""
    try:
        kind = ContentType.objects.get_for_id(int(content_type_id))
    except (ContentType.DoesNotExist, ValueError):
        return None
    return kind.model_class()
