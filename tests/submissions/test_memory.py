"""A large upload needs little more memory: it is read in pieces."""

import json
import struct
import tracemalloc
from pathlib import Path

import pytest
from django.utils import timezone

from submissions.services import IncomingFile
from tests.factories import AssignmentFactory, EnrolmentFactory, RequiredFileFactory
from tests.submissions.builders import MB, incoming, tensor
from tests.submissions.storing import create_submission


@pytest.mark.django_db
def test_large_weights_are_streamed(tmp_path: Path) -> None:
    size = 96 * MB
    header = json.dumps({"a": tensor(shape=(size // 4,), end=size)}).encode()
    path = tmp_path / "large"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    with path.open("r+b") as weights:
        weights.truncate(8 + len(header) + size)
    assignment = AssignmentFactory.create()
    RequiredFileFactory.create(
        revision=assignment.revision, weights=True, max_bytes=100 * MB
    )
    student = EnrolmentFactory.create(course=assignment.course).user
    with path.open("rb") as content:
        file = IncomingFile(
            name="digits.safetensors", original_name="d", content=content, size=size
        )
        tracemalloc.start()
        submission = create_submission(
            actor=student,
            assignment=assignment,
            files=[incoming(), file],
            started_at=timezone.now(),
        )
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert submission.files.get(kind="safetensors").size == path.stat().st_size
    assert peak < 8 * MB
