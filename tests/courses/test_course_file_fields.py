"""Each field of a course file agrees with its column, and the tests fill it in."""

import dataclasses

import pytest
from django.db.models import Model

from courses.course_file.stored import read_stored
from courses.models import (
    Assignment,
    Attachment,
    Component,
    Course,
    Lecture,
    Material,
    Room,
    Session,
    Slot,
    Week,
)
from formats.course import course_content as rows
from formats.course.plain_fields import longest_texts, plain_attributes
from tests.courses.test_course_file_export import course_with_every_field

MODELS: dict[type[rows.Row], type[Model]] = {
    rows.CourseRow: Course,
    rows.ComponentRow: Component,
    rows.RoomRow: Room,
    rows.SlotRow: Slot,
    rows.LectureRow: Lecture,
    rows.WeekRow: Week,
    rows.SessionRow: Session,
    rows.MaterialRow: Material,
    rows.AttachmentRow: Attachment,
    rows.CourseworkRow: Assignment,
}


@pytest.mark.parametrize("row_class", MODELS)
def test_a_text_may_be_as_long_as_its_column(row_class: type[rows.Row]) -> None:
    for column, longest in longest_texts(row_class).items():
        limit = getattr(MODELS[row_class]._meta.get_field(column), "max_length", None)
        assert limit is None or longest == limit, column


@pytest.mark.django_db
def test_each_field_is_filled_in_where_exports_are_compared() -> None:
    """Two exports that both lack a field are equal."""
    content = read_stored(course_with_every_field()).content
    empty = {
        f"{row_class.__name__}.{one.name}"
        for row_class in MODELS
        for one in dataclasses.fields(row_class)
        if one.name in plain_attributes(row_class)
        and all(
            getattr(row, one.name) == one.default
            for row in content.rows()
            if type(row) is row_class
        )
    }
    assert empty == set()
