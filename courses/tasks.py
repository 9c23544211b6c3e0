"""What a worker does for courses."""

from courses.services.invitations import invite as invite_people
from portal.celery import short_task


@short_task
def invite(course_id: int, user_ids: list[int]) -> None:
    """Mail new people of the course how to sign in."""
    invite_people(course_id=course_id, user_ids=user_ids)
