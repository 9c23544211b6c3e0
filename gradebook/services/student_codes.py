"""The codes by which a course's gradebook knows students where names are hidden."""

from typing import Final

from django.utils.crypto import salted_hmac

from courses.models import Course

# Without letters and digits that look alike, and without vowels, as in
# grading.services.aliases.
_ALPHABET: Final = "BCDFGHJKMNPQRSTVWXZ23456789"
_LENGTH: Final = 8
_SALT: Final = "gradebook.student-code"


def code_in_course(course: Course, student: int) -> str:
    """Return the student's code in the course, which is always the same.

    SECURITY: it is made with the portal's key, so nobody finds the student from it. It
    is another code than those of single assignments: those are drawn at random.
    """
    digest = salted_hmac(_SALT, f"{course.pk}:{student}", algorithm="sha256")
    number = int.from_bytes(digest.digest())
    letters = []
    for _ in range(_LENGTH):
        number, place = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    return "".join(letters)
