"""Every address of the portal."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from portal import views

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
