"""The page that creates a course from a course file."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.services.creating import require_course_creator
from courses.views.course_file import answer_upload


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def course_new_file(request: SignedInRequest) -> HttpResponse:
    """Show the form; then the course that the file describes; then create it."""
    require_course_creator(request.user)
    return answer_upload(request, None)
