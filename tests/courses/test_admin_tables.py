"""A course's rows as tables: exported, imported again, and of own courses only."""

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from courses.models import (
    Course,
    CourseChange,
    Lecture,
    Material,
    Session,
    Week,
)
from tests.factories import (
    CourseFactory,
    EnrolmentFactory,
    LectureFactory,
    MaterialFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
    WeekFactory,
)

pytestmark = pytest.mark.django_db
NINE_IN_MAY = dt.datetime(2027, 5, 7, 8, tzinfo=dt.UTC)
TABLES: tuple[type[Model], ...] = (Material, Week, Session, Lecture)


@pytest.fixture
def course() -> Course:
    return CourseFactory.create(slug="own")


@pytest.fixture
def lecturer(course: Course) -> Client:
    user = UserFactory.create(is_staff=True)
    EnrolmentFactory.create(course=course, user=user, lecturer=True)
    client = Client()
    client.force_login(user)
    return client


def add_content(course: Course) -> None:
    week = WeekFactory.create(course=course, number=3)
    lecture = LectureFactory.create(course=course, number="02")
    session = SessionFactory.create(
        course=course, week=week, key="w3-lecture", starts_at=NINE_IN_MAY
    )
    MaterialFactory.create(
        course=course,
        week=week,
        key="n02",
        lecture=lecture,
        session=session,
        file=ContentFile(b"%PDF-", name="n02.pdf"),
    )


def address(model: type[Model], page: str) -> str:
    return reverse(f"admin:courses_{model._meta.model_name}_{page}")


def exported(client: Client, model: type[Model]) -> str:
    page = client.get(address(model, "export"))
    names = [name for name in page.context["form"].fields if name.count("resource_")]
    form = {"format": "0", "resource": "", **dict.fromkeys(names, "on")}
    return client.post(address(model, "export"), form).content.decode()


def preview_of_import(client: Client, model: type[Model], text: str) -> Any:
    """Return the preview of an import."""
    file = SimpleUploadedFile("rows.csv", text.encode(), "text/csv")
    form = {"import_file": file, "format": "0", "resource": ""}
    return client.post(address(model, "import"), form)


def imported(client: Client, model: type[Model], text: str) -> None:
    answer = preview_of_import(client, model, text)
    confirm = answer.context.get("confirm_form")
    assert confirm is not None, errors(answer)
    done = client.post(address(model, "process_import"), confirm.initial)
    assert done.status_code == 302, done.content[:2000]


def errors(answer: Any) -> str:
    result = answer.context["result"]
    said = [str(error.error) for row in result.row_errors() for error in row[1]]
    said += [str(row.error_dict) for row in result.invalid_rows]
    said += [str(error.error) for error in result.base_errors]
    return " ".join(said)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("model", TABLES)
def test_table_holds_own_courses_rows_only(
    model: type[Model], lecturer: Client, course: Course
) -> None:
    add_content(course)
    add_content(CourseFactory.create())
    rows = rows_of(exported(lecturer, model))
    assert [row["course"] for row in rows] == ["own"]
    assert "file" not in rows[0]
    assert "id" not in rows[0]


@pytest.mark.parametrize("model", TABLES)
def test_exported_table_imported_again_changes_nothing(
    model: type[Model], lecturer: Client, course: Course
) -> None:
    add_content(course)
    answer = preview_of_import(lecturer, model, exported(lecturer, model))
    assert errors(answer) == ""
    assert answer.context["result"].totals["skip"] == 1
    assert not CourseChange.objects.exists()


@pytest.mark.parametrize("model", TABLES)
def test_row_of_another_course_is_out_of_reach(
    model: type[Model], lecturer: Client, course: Course
) -> None:
    """A forged course column neither changes nor adds a row."""
    other = CourseFactory.create(slug="other")
    add_content(other)
    add_content(course)
    table = exported(lecturer, model).replace("own", "other")
    count = model._default_manager.count()
    answer = preview_of_import(lecturer, model, table)
    result = answer.context["result"]
    assert result.has_errors() or result.has_validation_errors()
    assert "confirm_form" not in answer.context
    assert model._default_manager.count() == count


def test_times_are_in_the_courses_zone(lecturer: Client, course: Course) -> None:
    add_content(course)
    row = rows_of(exported(lecturer, Session))[0]
    assert row["starts_at"] == "2027-05-07 09:00:00+01:00"
    table = (
        "course,key,week,kind,starts_at,ends_at\n"
        "own,w3-lecture,3,lecture,2027-05-07 10:00,2027-05-07 11:00\n"
    )
    imported(lecturer, Session, table)
    session = course.sessions.get()
    assert session.starts_at == NINE_IN_MAY + dt.timedelta(hours=1)


def test_changed_time_in_a_table_is_announced(lecturer: Client, course: Course) -> None:
    add_content(course)
    table = exported(lecturer, Session).replace("2027-05-07", "2027-05-08")
    imported(lecturer, Session, table)
    change = CourseChange.objects.get()
    assert change.is_public
    assert change.after.startswith("Sat 8 May 2027, 09:00 to 10:00 BST")
    assert str(change.made_by_id) == lecturer.session["_auth_user_id"]
    assert course.sessions.get().moved_from == NINE_IN_MAY


def test_new_rows_are_added(lecturer: Client, course: Course) -> None:
    WeekFactory.create(course=course, number=3)
    RoomFactory.create(name="Huxley 308", aliases=["308"])
    imported(
        lecturer,
        Session,
        "course,key,week,kind,room,starts_at,ends_at\nown,w3-lab,3,lab,308,,\n",
    )
    imported(
        lecturer,
        Material,
        "course,key,kind,code,title,week,url,access\n"
        "own,n05,notes,N05,Slides,3,https://example.org/n05,public\n",
    )
    session, material = course.sessions.get(), course.materials.get()
    assert session.room is not None
    assert (session.room.name, session.week.number) == ("Huxley 308", 3)
    assert (material.code, material.week) == ("N05", session.week)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("own,x,9,lab,,", "no week 9"),
        ("own,x,3,lab,Room 1,", "no room Room 1"),
        ("own,x,3,lab,,noon", "2027-02-05 09:00"),
    ],
)
def test_fault_in_a_table_says_what_to_do(
    lecturer: Client, course: Course, line: str, words: str
) -> None:
    WeekFactory.create(course=course, number=3)
    answer = preview_of_import(
        lecturer, Session, f"course,key,week,kind,room,starts_at\n{line}\n"
    )
    assert words in errors(answer)
    assert not Session.objects.exists()


@pytest.mark.parametrize("number", ["2.5", "two", "1e1", "\uff12"])
def test_a_number_that_is_not_whole_changes_no_row(
    lecturer: Client, course: Course, number: str
) -> None:
    WeekFactory.create(course=course, number=2, title="Old")
    line = f"own,{number},2027-01-11,New"
    answer = preview_of_import(
        lecturer, Week, f"course,number,starts_on,title\n{line}\n"
    )
    assert "is not a whole number" in errors(answer)
    assert course.weeks.get().title == "Old"


def test_week_of_another_course_is_not_found(lecturer: Client, course: Course) -> None:
    WeekFactory.create(number=3)
    answer = preview_of_import(
        lecturer, Material, "course,key,kind,title,week\nown,x,notes,X,3\n"
    )
    assert "no week 3" in errors(answer)


def test_table_cannot_name_a_stored_file(lecturer: Client, course: Course) -> None:
    """Such a name would open any file that the portal stores."""
    other = MaterialFactory.create(file=ContentFile(b"secret", name="exam.pdf"))
    table = (
        f"course,key,kind,title,access,file\nown,x,notes,X,public,{other.file.name}\n"
    )
    imported(lecturer, Material, table)
    assert not course.materials.get().file
