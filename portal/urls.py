"""Every address of the portal."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from portal import views

# SECURITY: the admin's own sign-in form knows no rate limit and no second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
# The lists are wide and the index is one click away.
admin.site.enable_nav_sidebar = False

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("healthz", views.health, name="health"),
    path("account/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("courses.urls")),
    path("submissions/", include("submissions.urls")),
    path("", include("grading.urls")),
    path("api/", include("portal.api")),
    path("admin/", admin.site.urls),
]
if settings.DEBUG:
    urlpatterns.append(path("style/", views.style, name="style"))
