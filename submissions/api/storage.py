"""The API of how much room a person's files take in their courses."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.strict import StrictAPIView
from accounts.http import sender
from courses.models import Course, Enrolment
from submissions.quota import quotas_of


class QuotaSerializer(serializers.Serializer[Any]):
    """How much room your files take in one course."""

    course = serializers.SlugField(source="course.slug")
    used_bytes = serializers.IntegerField(
        source="used",
        help_text="What you have handed in, each content once, and what your opened "
        "attempts declare.",
    )
    quota_bytes = serializers.IntegerField(
        source="limit", help_text="How much your files may take."
    )


class StorageView(StrictAPIView):
    """How much room your files take in each course in which you are a student."""

    @extend_schema(
        operation_id="storage",
        summary="How much room your files take",
        responses=QuotaSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Return a row for each course in which you can hand in."""
        person = sender(request)
        own = Enrolment.objects.students().filter(user=person)
        courses = Course.objects.visible_to(person).filter(
            pk__in=own.order_by().values("course")
        )
        quotas = quotas_of(person, list(courses.order_by("slug")))
        return Response(QuotaSerializer(quotas, many=True).data)
