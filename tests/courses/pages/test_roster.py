"""A roster is imported exactly as its preview showed it."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import User
from courses import broker
from courses.models import Course, CourseChange, Enrolment
from courses.services.invitations import mail_due_invitations
from courses.views import roster as views
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/courses/dl/people/roster/"
TEXT = "email,first_name,last_name\nuna@example.org,Una,Byrne\n"


@pytest.fixture
def course() -> Course:
    return CourseFactory.create(slug="dl")


@pytest.fixture
def client(course: Course) -> Client:
    client = Client()
    client.force_login(EnrolmentFactory.create(course=course, lecturer=True).user)
    return client


def look(client: Client, text: str | bytes = TEXT, **form: str) -> Any:
    content = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile("people.csv", content)
    return client.post(PAGE, {"file": file, **form})


def digest_on(answer: Any) -> str:
    found = re.search(r'name="digest" value="(\w+)"', answer.content.decode())
    assert found is not None
    return found.group(1)


def has_account() -> bool:
    return User.objects.filter(email="una@example.org").exists()


def test_preview_changes_nothing(client: Client) -> None:
    answer = look(client)
    assert answer.status_code == 200
    assert "Una Byrne" in answer.content.decode()
    assert not has_account()


def test_previewed_roster_is_imported(client: Client, course: Course) -> None:
    answer = client.post(PAGE, {"digest": digest_on(look(client))}, follow=True)
    assert "The roster has been imported: 1 new." in answer.content.decode()
    row = Enrolment.objects.get(course=course, user__email="una@example.org")
    assert row.is_active


def test_file_is_gone_after_the_import(client: Client) -> None:
    digest = digest_on(look(client))
    client.post(PAGE, {"digest": digest})
    answer = client.post(PAGE, {"digest": digest})
    assert answer.status_code == 422
    assert "The file that you uploaded is gone" in answer.content.decode()


def test_changed_course_gets_a_new_preview(client: Client) -> None:
    digest = digest_on(look(client))
    UserFactory.create(email="una@example.org", first_name="Una", last_name="O")
    answer = client.post(PAGE, {"digest": digest})
    assert answer.status_code == 422
    assert "no longer the preview that you saw" in answer.content.decode()
    assert not Enrolment.objects.filter(user__email="una@example.org").exists()
    client.post(PAGE, {"digest": digest_on(answer)})
    assert Enrolment.objects.filter(user__email="una@example.org").exists()


def test_without_a_digest_nothing_is_imported(client: Client) -> None:
    look(client)
    assert client.post(PAGE, {"digest": ""}).status_code == 422
    assert not has_account()


def test_another_persons_file_is_not_imported(client: Client, course: Course) -> None:
    digest = digest_on(look(client))
    other = Client()
    other.force_login(EnrolmentFactory.create(course=course, lecturer=True).user)
    assert other.post(PAGE, {"digest": digest}).status_code == 422
    assert not has_account()


def test_ticked_box_stays_ticked_in_the_preview(client: Client, course: Course) -> None:
    row = EnrolmentFactory.create(course=course)
    answer = look(client, deactivate_missing="on")
    assert 'name="deactivate_missing" value="on"' in answer.content.decode()
    client.post(PAGE, {"digest": digest_on(answer), "deactivate_missing": "on"})
    row.refresh_from_db()
    assert not row.is_active


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("email\nnobody\n", "Line 2:"),
        ("name\nUna\n", "No column is called"),
        (b"email\nM\xfcller@example.org\n", "UTF-8"),
        ("", "The file is empty."),
        ("x" * (1024**2 + 5), "1 MB"),
    ],
)
def test_bad_file_is_refused_in_words(
    client: Client, text: str | bytes, words: str
) -> None:
    answer = look(client, text, deactivate_missing="on")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert re.search(r'name="deactivate_missing"[^>]* checked', page)


def test_no_file_is_an_error_at_the_field(client: Client) -> None:
    answer = client.post(PAGE, {})
    assert answer.status_code == 422
    assert "Choose a CSV file." in answer.content.decode()


def test_markup_in_a_cell_is_shown_as_text(client: Client) -> None:
    answer = look(client, "email,first_name\na@example.org,<script>x</script>\n")
    assert "<script>x" not in answer.content.decode()


def test_new_people_are_invited_if_that_is_ticked(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def keep(_: Course, users: list[User]) -> int:
        asked.extend(user.email for user in users)
        return len(users)

    monkeypatch.setattr(views, "send_invitations", keep)
    client.post(PAGE, {"digest": digest_on(look(client))})
    assert asked == []
    text = "email\nuna@example.org\nb@example.org\n"
    client.post(PAGE, {"digest": digest_on(look(client, text)), "invite": "on"})
    # Una was not invited when the first file was imported.
    assert asked == ["b@example.org", "una@example.org"]


def test_too_many_uploads_must_wait(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "seconds_to_wait", lambda *_: 90)
    answer = look(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "90")


def test_export_is_a_download_and_on_record(client: Client) -> None:
    answer = client.get("/courses/dl/people/roster.csv")
    assert answer.content.startswith(b"\xef\xbb\xbfemail,first_name,")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "exported" in CourseChange.objects.get().summary


# --- manage.py import_roster -------------------------------------------------


def run(tmp_path: Any, capsys: Any, *options: str, text: str = TEXT) -> str:
    path = tmp_path / "people.csv"
    path.write_text(text)
    call_command("import_roster", "dl", str(path), *options)
    return str(capsys.readouterr().out)


def test_command_imports(course: Course, tmp_path: Any, capsys: Any) -> None:
    assert "new      una@example.org  Student" in run(tmp_path, capsys)
    assert has_account()


def test_dry_run_changes_nothing(course: Course, tmp_path: Any, capsys: Any) -> None:
    assert "Nothing was changed" in run(tmp_path, capsys, "--dry-run")
    assert not has_account()


def test_command_makes_the_missing_inactive(
    course: Course, tmp_path: Any, capsys: Any
) -> None:
    row = EnrolmentFactory.create(course=course)
    run(tmp_path, capsys, "--deactivate-missing")
    row.refresh_from_db()
    assert not row.is_active


def test_command_prints_the_faults(course: Course, tmp_path: Any, capsys: Any) -> None:
    with pytest.raises(CommandError, match="Line 2: “x” is not an email address"):
        run(tmp_path, capsys, text="email\nx\n")
    with pytest.raises(CommandError, match="There is no course"):
        call_command("import_roster", "no-such", str(tmp_path / "people.csv"))
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_roster", "dl", str(tmp_path / "nothing.csv"))


def test_command_asks_for_invitations_that_did_not_go_out(
    course: Course, tmp_path: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(broker, "connect", fail)
    told = run(tmp_path, capsys, "--invite")
    assert "1 invitation will be sent as soon as the portal runs" in told
    Enrolment.objects.update(invitation_due_at=None)
    assert "1 invitation will be sent" in run(tmp_path, capsys, "--invite")
    assert mail_due_invitations(now=timezone.now()) == 1
    assert "There is nobody to invite" in run(tmp_path, capsys, "--invite")
