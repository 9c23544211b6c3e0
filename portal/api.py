"""Every address of the API, and its description."""

from typing import Any

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
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
from courses.api.viewsets import CourseViewSet, MaterialViewSet, WeekViewSet
from gradebook.api.board import BoardView
from gradebook.api.totals import TotalListView
from grading.api.allocation import (
    AllocationView,
    SecondAllocationView,
    WithdrawnAllocationView,
)
from grading.api.assignments import GradedAssignmentViewSet
from grading.api.entered_marks import EnteredMarksView
from grading.api.extension_requests import ExtensionRequestViewSet
from grading.api.extra_time_previews import (
    PlannedAccommodationViewSet,
    PlannedExtensionViewSet,
)
from grading.api.marking import MarkingListView, MarkingView, RubricListView
from grading.api.opened_attempts import OpenedAttemptViewSet
from grading.api.regrade_requests import RegradeRequestViewSet
from grading.api.self_checks import SelfCheckViewSet
from grading.api.standings import CapsView, StandingsView
from grading.api.submissions import GradedSubmissionViewSet
from grading.api.use import UseViewSet
from grading.api.viewsets import MarkViewSet, RunViewSet
from portal.api_description import DescriptionOnce
from portal.views import docs
from submissions.api.storage import StorageView
from submissions.api.uploads import UploadCreationView, UploadView

router = SimpleRouter(use_regex_path=False)
router.register("courses", CourseViewSet, "course")
router.register("weeks", WeekViewSet, "week")
router.register("sessions", SessionViewSet, "session")
router.register("lectures", LectureViewSet, "lecture")
router.register("materials", MaterialViewSet, "material")
router.register("announcements", AnnouncementViewSet, "announcement")
router.register("changes", CourseChangeViewSet, "change")
router.register("people", PersonViewSet, "person")
router.register("assignments", GradedAssignmentViewSet, "assignment")
router.register("extensions", PlannedExtensionViewSet, "extension")
router.register("accommodations", PlannedAccommodationViewSet, "accommodation")
router.register("extension-requests", ExtensionRequestViewSet, "extension-request")
router.register("submissions", GradedSubmissionViewSet, "submission")
router.register("opened-attempts", OpenedAttemptViewSet, "opened-attempt")
router.register("self-checks", SelfCheckViewSet, "self-check")
router.register("runs", RunViewSet, "run")
router.register("marks", MarkViewSet, "mark")
router.register("regrade-requests", RegradeRequestViewSet, "regrade-request")
router.register("use", UseViewSet, "use")


class SchemaView(StrictRequests, SpectacularAPIView):
    """The API's description in YAML, or in JSON if asked. Errors are in JSON."""

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Return the response; an error is in the API's one error shape."""
        done: Response = super().finalize_response(request, response, *args, **kwargs)
        if done.exception:
            done.accepted_renderer = JSONRenderer()
            done.accepted_media_type = JSONRenderer.media_type
            done.headers["Content-Type"] = JSONRenderer.media_type
        return done


# The description is the same for everyone and contains no personal data, so it is
# public.
schema = SchemaView.as_view(
    permission_classes=[AllowAny], generator_class=DescriptionOnce
)

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/me/", MeView.as_view(), name="me"),
    path("v1/storage/", StorageView.as_view(), name="storage"),
    path("v1/", include(router.urls)),
    path("v1/courses/<slug:slug>/totals/", TotalListView.as_view(), name="total-list"),
    path("v1/courses/<slug:slug>/board/", BoardView.as_view(), name="board"),
    path(
        "v1/assignments/<int:pk>/rubrics/", RubricListView.as_view(), name="rubric-list"
    ),
    path(
        "v1/assignments/<int:pk>/marking/",
        MarkingListView.as_view(),
        name="marking-list",
    ),
    path(
        "v1/assignments/<int:pk>/standings/",
        StandingsView.as_view(),
        name="standings",
    ),
    path("v1/assignments/<int:pk>/caps/", CapsView.as_view(), name="caps"),
    path(
        "v1/assignments/<int:pk>/entered-marks/",
        EnteredMarksView.as_view(),
        name="entered-marks",
    ),
    path(
        "v1/assignments/<int:pk>/allocation/",
        AllocationView.as_view(),
        name="allocation",
    ),
    path(
        "v1/assignments/<int:pk>/allocation/second/",
        SecondAllocationView.as_view(),
        name="allocation-second",
    ),
    path(
        "v1/assignments/<int:pk>/allocation/withdraw/",
        WithdrawnAllocationView.as_view(),
        name="allocation-withdraw",
    ),
    path(
        "v1/assignments/<int:pk>/marking/<slug:key>/<slug:code>/",
        MarkingView.as_view(),
        name="marking",
    ),
    path(
        "v1/opened-attempts/<uuid:pk>/uploads/",
        UploadCreationView.as_view(),
        name="upload-create",
    ),
    path("v1/uploads/<uuid:pk>/", UploadView.as_view(), name="upload"),
    path("v1/schema/", schema, name="schema"),
    path("docs/", docs.docs, name="docs"),
]
