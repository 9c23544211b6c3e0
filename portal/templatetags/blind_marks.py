"""Marks on a page without those that the reader must not know as a second marker."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.template.context import Context

from accounts.models import User
from grading.services.blind_marking import KnownRows, known_marks

register = template.Library()


@register.simple_tag(takes_context=True)
def marks_that_may_be_known(context: Context, marks: Iterable[Any]) -> KnownRows[Any]:
    """Return `rows` and `leaves_out`: `{% marks_that_may_be_known plan.marks as known %}`.

    SECURITY: a page without a request shows none.
    """
    request = getattr(context, "request", None)
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return KnownRows(rows=(), leaves_out=True)
    return known_marks(user, marks)
