"""Runs, what they found, and marks, as the API writes them.

SECURITY: what a run found is written from `ShownResults` and `ShownMark` only, never
from rows: they hold what this person may see at this moment.
"""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from accounts.api.serializers import PersonSerializer
from accounts.http import sender
from courses.models import Course
from courses.permissions import can_view_work_of
from formats.assignment.assignment_content import Visibility
from formats.choices import QuestionKind
from grading.api.fields import RunTimeField, points_field
from grading.api.report_serializers import CheckReportSerializer
from grading.messages import describe
from grading.models import GradingRun
from grading.poll_times import poll_of
from grading.scoring import Outcome
from grading.services import (
    place_in_queue,
    staff_results,
    student_results,
)
from grading.states import State
from grading.worker.progress import Progress
from submissions.api.serializers import SubmissionSerializer
from submissions.models import Submission


def _run_url(serializer: serializers.BaseSerializer[Any], run: GradingRun) -> str:
    request = serializer.context.get("request")
    return reverse("api:run-detail", [run.pk], request=request)


class RunOfSubmissionSerializer(serializers.ModelSerializer[GradingRun]):
    """A run in its submission's own answer: where it is, and where to read it."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = GradingRun
        fields = ["id", "number", "state", "verdict", "url"]
        read_only_fields = fields

    @extend_schema_field(serializers.URLField())
    def get_url(self, run: GradingRun) -> str:
        """Return the run's absolute address in the API."""
        return _run_url(self, run)


class SubmissionWithRunsSerializer(SubmissionSerializer):
    """One attempt: the receipt, and its runs, the latest first."""

    is_chosen = serializers.BooleanField(
        source="has_been_chosen",
        help_text="Whether its author has chosen it to count. It has an effect where "
        "the assignment leaves the choice.",
    )
    runs = RunOfSubmissionSerializer(many=True)

    class Meta:
        model = Submission
        fields = [*SubmissionSerializer.Meta.fields, "is_chosen", "runs"]
        read_only_fields = fields


# --- Runs --------------------------------------------------------------------


class RunSummarySerializer(serializers.ModelSerializer[GradingRun]):
    """Where a run is and how it ended."""

    course = serializers.SlugRelatedField[Course](
        "slug", source="submission.assignment.course", read_only=True
    )
    assignment = serializers.IntegerField(source="submission.assignment_id")
    attempt = serializers.IntegerField(source="submission.attempt")
    author = PersonSerializer(source="submission.author")
    queued_at = RunTimeField()
    started_at = RunTimeField(allow_null=True)
    finished_at = RunTimeField(allow_null=True)
    url = serializers.SerializerMethodField(
        help_text="Where to follow the run in the API."
    )
    html_url = serializers.SerializerMethodField(
        help_text="The page of the run, for a browser."
    )

    class Meta:
        model = GradingRun
        fields = [
            "id",
            "course",
            "assignment",
            "submission",
            "attempt",
            "author",
            "number",
            "state",
            "verdict",
            "code",
            "queue",
            "queued_at",
            "started_at",
            "finished_at",
            "url",
            "html_url",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.URLField())
    def get_url(self, run: GradingRun) -> str:
        """Return the run's absolute address in the API."""
        return _run_url(self, run)

    @extend_schema_field(serializers.URLField())
    def get_html_url(self, run: GradingRun) -> str:
        """Return the absolute address of the run's page."""
        return reverse("grading:run", [run.pk], request=self.context.get("request"))


class MessageSerializer(serializers.Serializer[Any]):
    """The state of the run, in words."""

    title = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    hint = serializers.CharField(allow_blank=True)


class QueuePlaceSerializer(serializers.Serializer[Any]):
    """The place in the queue. The run with place 1 is next."""

    position = serializers.IntegerField()
    expected_wait_seconds = serializers.FloatField(allow_null=True)
    tries_again_at = serializers.DateTimeField(
        allow_null=True,
        help_text="Set after a try that failed by the portal's own fault: no worker "
        "takes the run before this minute.",
    )
    is_paused = serializers.BooleanField(
        help_text="True if no worker takes runs now, because of a fault of the portal."
    )


class ProgressSerializer(serializers.Serializer[Any]):
    """How far a running run has come."""

    cell = serializers.IntegerField()
    cells = serializers.IntegerField()
    tail = serializers.CharField(
        allow_blank=True, help_text="The end of the cell's output."
    )
    seconds = serializers.FloatField(help_text="Of the notebook, without its checks.")
    memory_bytes = serializers.IntegerField(
        help_text="Of the notebook, without its checks."
    )
    is_checking = serializers.BooleanField(
        help_text="True if the notebook has ended and its questions are being checked."
    )


class HiddenPointsSerializer(serializers.Serializer[Any]):
    """Points whose checks you cannot see now."""

    visibility = serializers.ChoiceField(choices=[v.value for v in Visibility])
    points = points_field()
    checks = serializers.IntegerField()


class ShownCheckSerializer(serializers.Serializer[Any]):
    """A check that you may see."""

    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    outcome = serializers.ChoiceField(choices=[o.value for o in Outcome])
    earned = points_field()
    points = points_field()
    message = serializers.CharField(
        allow_blank=True,
        help_text="What the check says, in the author's words or the portal's. It may "
        "have several lines.",
    )
    report = CheckReportSerializer()


class ShownQuestionSerializer(serializers.Serializer[Any]):
    """A question with what you may see of it."""

    key = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(choices=QuestionKind.choices)
    outcome = serializers.ChoiceField(choices=[o.value for o in Outcome])
    earned = points_field()
    shown_points = points_field()
    points = points_field()
    checks = ShownCheckSerializer(many=True)
    hidden = HiddenPointsSerializer(many=True)


class ShownResultsSerializer(serializers.Serializer[Any]):
    """`earned` of `points`; `shown_points` of these are of checks that you may see."""

    earned = points_field()
    shown_points = points_field()
    points = points_field()
    hidden = HiddenPointsSerializer(many=True)
    questions = ShownQuestionSerializer(many=True)


class RunRecordSerializer(serializers.Serializer[Any]):
    """Everything that is needed to get the same result again."""

    revision = serializers.IntegerField()
    bundle_sha256 = serializers.CharField(allow_blank=True)
    files = serializers.DictField(
        child=serializers.CharField(),
        help_text="The SHA-256 of each file, by its name.",
    )
    environment = serializers.CharField()
    environment_sha256 = serializers.CharField(
        allow_blank=True, help_text="SHA-256 of the list of all installed versions."
    )
    python = serializers.CharField(allow_blank=True)
    versions = serializers.DictField(child=serializers.CharField())
    seed = serializers.IntegerField(
        help_text="The seed of the notebook. Students see it."
    )
    grading_seed = serializers.CharField(
        allow_null=True,
        help_text="The seed of the tests. It is text, because it is larger than the "
        "numbers of some programs. Keep it secret.",
    )
    threads = serializers.IntegerField()
    hardware = serializers.CharField(allow_blank=True)
    level = serializers.CharField(allow_blank=True)
    runner = serializers.IntegerField(help_text="The version of the runner's protocol.")
    copied_from = serializers.UUIDField(
        allow_null=True, help_text="The run whose results were copied."
    )


class RunSerializer(RunSummarySerializer):
    """A run with the results that you may see."""

    message = serializers.SerializerMethodField()
    place = serializers.SerializerMethodField(
        help_text="Null unless the run is queued."
    )
    progress = serializers.SerializerMethodField(
        help_text="Null unless the run is running."
    )
    poll_seconds = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        default=None,
        help_text="After how many seconds to ask again. Null once the run has ended.",
    )
    results = serializers.SerializerMethodField()
    record = serializers.SerializerMethodField(
        help_text="For staff, after the run has a result. Otherwise null."
    )
    notebook_url = serializers.SerializerMethodField(
        help_text="Where you can download the executed notebook, if there is one."
    )

    class Meta:
        model = GradingRun
        fields = [
            *RunSummarySerializer.Meta.fields,
            "message",
            "place",
            "progress",
            "poll_seconds",
            "results",
            "record",
            "level",
            "notebook_url",
        ]
        read_only_fields = fields

    def to_representation(self, instance: GradingRun) -> dict[str, Any]:
        """Return the row; how often to ask for it follows from its place."""
        row = super().to_representation(instance)
        place = row["place"] or {}
        poll = poll_of(
            instance,
            position=place.get("position"),
            wait_seconds=place.get("expected_wait_seconds"),
        )
        row["poll_seconds"] = None if poll is None else poll.least
        return row

    @extend_schema_field(MessageSerializer)
    def get_message(self, run: GradingRun) -> Any:
        """Return how the run stands, in words."""
        is_own = run.work.author_id == self.context["request"].user.pk
        return MessageSerializer(describe(run, is_own=is_own)).data

    @extend_schema_field(QueuePlaceSerializer(allow_null=True))
    def get_place(self, run: GradingRun) -> Any:
        """Return the place of a queued run."""
        if run.state != State.QUEUED:
            return None
        return QueuePlaceSerializer(place_in_queue(run)).data

    @extend_schema_field(ProgressSerializer(allow_null=True))
    def get_progress(self, run: GradingRun) -> Any:
        """Return how far a running run has come, without what its checks found."""
        if run.state != State.RUNNING:
            return None
        return ProgressSerializer(Progress.from_json(run.progress)).data

    @extend_schema_field(ShownResultsSerializer)
    def get_results(self, run: GradingRun) -> Any:
        """Return what the person who asks may see of the results now."""
        person = sender(self.context["request"])
        sees_all = can_view_work_of(person, run.work.assignment)
        shown = (staff_results if sees_all else student_results)(run, timezone.now())
        return ShownResultsSerializer(shown).data

    @extend_schema_field(RunRecordSerializer(allow_null=True))
    def get_record(self, run: GradingRun) -> Any:
        """Return what went into the result and where it was made, to staff."""
        person = sender(self.context["request"])
        if not run.record or not can_view_work_of(person, run.work.assignment):
            return None
        return RunRecordSerializer(
            {
                "versions": {},
                "threads": 0,
                "hardware": "",
                "grading_seed": None,
                **run.measures,
                **run.record,
                "level": run.level,
                "copied_from": run.copied_from_id,
            }
        ).data

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_notebook_url(self, run: GradingRun) -> str | None:
        """Return the absolute address of the executed notebook, if one is kept."""
        if not run.executed_sha256:
            return None
        return reverse(
            "api:run-notebook", [run.pk], request=self.context.get("request")
        )


class ReceiptSerializer(serializers.Serializer[Any]):
    """The answer to a hand-in: it is stored, and this run will execute it."""

    submission = SubmissionWithRunsSerializer()
    run = RunSummarySerializer()
