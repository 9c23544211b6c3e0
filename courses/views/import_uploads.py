"""What the pages share that import an uploaded file."""

import math
from typing import IO, Any, Final, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse

from formats.problems import Problem

TOO_MANY_REQUESTS: Final = 429


def named_file(upload: "UploadedFile[Any]") -> tuple[str, IO[bytes]]:
    """Return the name and the open content of an uploaded file."""
    return upload.name or "", cast("IO[bytes]", upload.file)


def too_many_uploads(seconds: int) -> Problem:
    """Return the problem of somebody who may upload again in so many seconds."""
    return Problem(
        message="You have uploaded many files in a short time.",
        hint=f"Try again in {math.ceil(seconds / 60)} min.",
    )


def with_retry_after(answer: HttpResponse, seconds: int) -> HttpResponse:
    """Return the answer, which tells a program too when it may ask again."""
    answer.status_code = TOO_MANY_REQUESTS
    answer["Retry-After"] = str(seconds)
    return answer
