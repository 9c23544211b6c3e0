"""Every address of the API, and its description."""

import threading
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.routers import SimpleRouter

from accounts.api import schema as _schema  # noqa: F401  registers our token scheme
from accounts.api.strict import StrictRequests
from accounts.api.views import MeView
from courses.api.people_viewsets import (
    AnnouncementViewSet,
    CourseChangeViewSet,
    PersonViewSet,
)
from courses.api.timetable_viewsets import LectureViewSet, SessionViewSet
from courses.api.viewsets import (
    AssignmentViewSet,
    CourseViewSet,
    MaterialViewSet,
    WeekViewSet,
)
from grading.api.viewsets import MarkViewSet, RunViewSet, SubmissionViewSet

router = SimpleRouter(use_regex_path=False)
router.register("courses", CourseViewSet, "course")
router.register("weeks", WeekViewSet, "week")
router.register("sessions", SessionViewSet, "session")
router.register("lectures", LectureViewSet, "lecture")
router.register("materials", MaterialViewSet, "material")
router.register("announcements", AnnouncementViewSet, "announcement")
router.register("changes", CourseChangeViewSet, "change")
router.register("people", PersonViewSet, "person")
router.register("assignments", AssignmentViewSet, "assignment")
router.register("submissions", SubmissionViewSet, "submission")
router.register("runs", RunViewSet, "run")
router.register("marks", MarkViewSet, "mark")


_making = threading.Lock()


@cache
def _made_description() -> Any:
    generator: Any = SchemaGenerator  # which has no types
    return generator().get_schema(public=True)


def description() -> Any:
    """Return the description, which stays as it is while the process lives.

    One thread makes it: drf-spectacular looks for its extensions in lists that it
    changes meanwhile, and several at once found some half loaded.
    """
    with _making:
        return _made_description()


class DescriptionOnce(SchemaGenerator):
    """Makes the description once, so that asking for it often costs little."""

    def get_schema(self, *args: Any, **kwargs: Any) -> Any:
        return description()


class SchemaView(StrictRequests, SpectacularAPIView):
    """The description: YAML, or JSON for who accepts only that."""


class DocsView(StrictRequests, SpectacularSwaggerSplitView):
    """The page of the description, and its script: `?script`."""

    def query_parameters(self) -> None:
        """Return None: a page shows itself, whatever its address says."""


# The description is the same for everyone and names nobody, so it is public.
schema = SchemaView.as_view(
    permission_classes=[AllowAny], generator_class=DescriptionOnce
)
docs = DocsView.as_view(
    permission_classes=[AllowAny],
    url_name="api:schema",
    template_name="api/docs.html",
)

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/me/", MeView.as_view(), name="me"),
    path("v1/", include(router.urls)),
    path("v1/schema/", schema, name="schema"),
    path("docs/", docs, name="docs"),
]
