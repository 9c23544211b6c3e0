"""Every address of the API, and its description."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.routers import SimpleRouter

router = SimpleRouter()

# The description is the same for everyone and names nobody, so it is public.
schema = SpectacularAPIView.as_view(permission_classes=[AllowAny])
docs = SpectacularSwaggerSplitView.as_view(
    permission_classes=[AllowAny], url_name="api:schema"
)

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/schema/", schema, name="schema"),
    path("v1/", include(router.urls)),
    path("docs/", docs, name="docs"),
]
