"""Every address of the portal."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from portal.views import health, home, metrics, operations, style

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("healthz", health.health, name="health"),
    path("readyz", health.ready, name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("operations/", operations.operations, name="operations"),
    path("account/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("courses.urls")),
    path("submissions/", include("submissions.urls")),
    path("", include("grading.urls")),
    path("", include("gradebook.urls")),
    path("api/", include("portal.api")),
    path("admin/", admin.site.urls),
]
only_in_debug = [path("style/", style.style, name="style")]
if settings.DEBUG:
    urlpatterns += only_in_debug
