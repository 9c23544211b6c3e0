"""A material in a list. Most of a course's hundred rows look the same for everybody."""

import datetime as dt
from functools import lru_cache
from typing import NamedTuple

from django import template
from django.conf import settings
from django.template.context import Context
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.html import format_html
from django.utils.safestring import SafeString

from courses.models import Course, Lecture, Material
from courses.pages.material_items import MaterialItem
from courses.release_times import is_released
from formats.choices import Examinable, MaterialKind
from portal.templatetags.softmark import course_time, icon

register = template.Library()


class Row(NamedTuple):
    """All that a material's row shows: equal rows have the same HTML.

    `prefix` is where the portal's addresses begin, `hidden` and `attachments` are HTML,
    and `opens` is a time in words.
    """

    prefix: str
    course: str
    key: str
    pk: int
    kind: str
    code: str
    title: str
    description: str
    attribution: str
    url: str
    access: str
    examinable: str
    has_file: bool
    has_content: bool
    is_open: bool
    is_page: bool
    is_new: bool
    is_done: bool
    can_be_ticked: bool
    is_course_staff: bool
    opens: str
    hidden: str
    attachments: str

    @property
    def kind_name(self) -> str:
        """The name of the material's kind."""
        return MaterialKind(self.kind).label

    @property
    def name(self) -> str:
        """The material's name as it is read aloud."""
        return f"{self.code} {self.title}".strip()


@register.simple_tag(takes_context=True)
def material_row(context: Context, item: MaterialItem) -> SafeString:
    """Return a material's row. Context: course; now; is_course_staff.

    Rows are cached by everything that they show: rendering one takes a quarter of a
    millisecond.
    """
    row = _row(item, context["course"], context["now"], context)
    # With DEBUG, a change of the template shows at once.
    return _new_html(row) if settings.DEBUG else _kept_html(row)


def _row(item: MaterialItem, course: Course, now: dt.datetime, context: Context) -> Row:
    material, staff = item.material, bool(context["is_course_staff"])
    is_to_open = (staff or not item.is_open) and material.is_locked(now)
    is_hidden = staff and not is_released(material.release_at, now)
    seen = {"course": course, "now": now, "is_course_staff": staff}
    return Row(
        prefix=get_script_prefix(),
        course=course.slug,
        key=material.key,
        pk=material.pk,
        kind=material.kind,
        code=material.code,
        title=material.title,
        description=material.description,
        attribution=material.attribution,
        url=material.url,
        access=material.access,
        examinable=material.examinable,
        has_file=bool(material.file),
        has_content=material.has_content or bool(item.attachments),
        is_open=item.is_open,
        is_page=item.is_page,
        is_new=item.is_new,
        is_done=item.is_done,
        can_be_ticked=item.can_be_ticked,
        is_course_staff=staff,
        opens=course_time(material.opens_at, course) if is_to_open else "",
        hidden=render_to_string(
            "components/hidden_badge.html", {**seen, "release_at": material.release_at}
        )
        if is_hidden
        else "",
        attachments=render_to_string(
            "courses/_attachments.html", {**seen, "attachments": item.attachments}
        )
        if item.attachments
        else "",
    )


def _new_html(row: Row) -> SafeString:
    return render_to_string("courses/_material.html", {"row": row})


# About 2 KB each: enough for what a term's courses show.
_kept_html = lru_cache(maxsize=4096)(_new_html)


@register.simple_tag
def examinable(of: Lecture | Material | Row) -> SafeString | str:
    """Return whether it is part of the exam, or "" if that is not known."""
    return _examinable(of.examinable) if of.examinable else ""


@lru_cache
def _examinable(value: str) -> SafeString:
    star = "" if value == Examinable.NO else format_html("{} ", icon("star"))
    label = dict(Examinable.choices).get(value, value)
    return format_html("<span>{}{}</span>", star, label)
