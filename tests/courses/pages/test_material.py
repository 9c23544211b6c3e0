"""A material's page: its text, link, PDF, notebook and files, and who sees each."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import Course, Material
from formats.choices import MaterialAccess, MaterialKind
from tests.factories import (
    AttachmentFactory,
    CourseFactory,
    EnrolmentFactory,
    MaterialFactory,
    WeekFactory,
    hours,
    small_notebook,
)

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 and so on"


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def student(client: Client, course: Course) -> User:
    user = EnrolmentFactory.create(course=course).user
    client.force_login(user)
    return user


def with_file(course: Course, name: str, content: bytes, **more: object) -> Material:
    file = ContentFile(content, name=name)
    return MaterialFactory.create(course=course, file=file, **more)


def ask(client: Client, material: Material, view: str = "material") -> Any:
    args = [material.course.slug, material.key]
    answer: Any = client.get(reverse(f"courses:{view}", args=args))
    return answer


@pytest.mark.usefixtures("student")
def test_text_has_mathematics_and_highlighted_code(
    client: Client, course: Course
) -> None:
    body = "Sizes: $o = i - k + 1$\n\n```python\ndef f(): return 1\n```"
    material = MaterialFactory.create(course=course, body=body, attribution="T. Eccles")
    html = ask(client, material).content.decode()
    assert "<math" in html
    assert "hl-k" in html
    assert "T. Eccles" in html


@pytest.mark.usefixtures("student")
def test_recording_is_a_button_that_says_who_may_watch(
    client: Client, course: Course
) -> None:
    material = MaterialFactory.create(
        course=course,
        kind=MaterialKind.RECORDING,
        url="https://example.org/watch",
        access=MaterialAccess.COLLEGE,
    )
    html = ask(client, material).content.decode()
    assert "Watch the recording" in html
    assert "college sign-in needed" in html


@pytest.mark.usefixtures("student")
def test_pdf_is_shown_in_the_page(client: Client, course: Course) -> None:
    material = with_file(course, "n02.pdf", PDF)
    page = ask(client, material)
    inline = reverse("courses:material-inline", args=[course.slug, material.key])
    assert f'src="{inline}"' in page.content.decode()
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    answer = ask(client, material, "material-inline")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("inline")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert b"".join(answer) == PDF


@pytest.mark.usefixtures("student")
@pytest.mark.parametrize("name", ["page.html", "page.svg", "page.pdf.html", "page"])
def test_file_of_another_type_is_not_shown_as_a_pdf(
    client: Client, course: Course, name: str
) -> None:
    material = with_file(course, name, PDF)
    assert ask(client, material, "material-inline").status_code == 404


@pytest.mark.usefixtures("student")
def test_html_named_as_a_pdf_is_not_shown(client: Client, course: Course) -> None:
    material = with_file(course, "n02.pdf", b"<script>alert(1)</script>")
    assert ask(client, material, "material-inline").status_code == 404


@pytest.mark.usefixtures("student")
def test_notebook_is_shown_in_a_frame_without_script(
    client: Client, course: Course
) -> None:
    text = small_notebook("print('<script>')", "y = 2")
    material = with_file(course, "intro.ipynb", text.encode())
    assert "<iframe" in ask(client, material).content.decode()
    answer = ask(client, material, "material-notebook")
    assert "&lt;script&gt;" in answer.content.decode()
    policy = answer["Content-Security-Policy"]
    assert "sandbox allow-popups" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.usefixtures("student")
def test_notebook_that_did_not_change_is_not_sent_again(
    client: Client, course: Course
) -> None:
    material = with_file(course, "intro.ipynb", small_notebook().encode())
    etag = ask(client, material, "material-notebook")["ETag"]
    address = reverse("courses:material-notebook", args=[course.slug, material.key])
    answer = client.get(address, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.usefixtures("student")
def test_notebook_that_cannot_be_shown_says_why(client: Client, course: Course) -> None:
    material = with_file(course, "intro.ipynb", b"<<<<<<< HEAD")
    html = ask(client, material, "material-notebook").content.decode()
    assert "cannot be shown" in html
    assert "not JSON" in html


@pytest.mark.usefixtures("student")
@pytest.mark.parametrize("view", ["material-inline", "material-notebook"])
def test_announced_content_is_404_at_every_address(
    client: Client, course: Course, view: str
) -> None:
    suffix = "pdf" if view == "material-inline" else "ipynb"
    material = with_file(course, f"x.{suffix}", PDF, announced=True, body="Secret")
    attachment = AttachmentFactory.create(
        material=material, url="", file=ContentFile(b"x", name="answers.pdf")
    )
    html = ask(client, material).content.decode()
    assert "Not available yet" in html
    assert "Secret" not in html
    assert ask(client, material, view).status_code == 404
    for name, pk in (
        ("material-file", material.pk),
        ("attachment-file", attachment.pk),
    ):
        address = reverse(f"courses:{name}", args=[course.slug, pk])
        assert client.get(address).status_code == 404


@pytest.mark.usefixtures("student")
def test_attachment_is_a_download_with_its_own_name(
    client: Client, course: Course
) -> None:
    material = MaterialFactory.create(course=course, code="T01", title="Signals")
    attachment = AttachmentFactory.create(
        material=material,
        label="Answers",
        url="",
        file=ContentFile(b"<script>", name="a.html"),
    )
    address = reverse("courses:attachment-file", args=[course.slug, attachment.pk])
    answer = client.get(address)
    assert b"".join(answer) == b"<script>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert 'filename="T01 Signals: Answers.html"' in answer["Content-Disposition"]


@pytest.mark.usefixtures("student")
def test_hidden_attachment_is_404_and_not_named(client: Client, course: Course) -> None:
    material = MaterialFactory.create(course=course, body="x")
    attachment = AttachmentFactory.create(
        material=material,
        label="Model answers",
        url="",
        file=ContentFile(b"x", name="a.pdf"),
        release_at=hours(5),
    )
    assert "Model answers" not in ask(client, material).content.decode()
    address = reverse("courses:attachment-file", args=[course.slug, attachment.pk])
    assert client.get(address).status_code == 404


@pytest.mark.usefixtures("student")
def test_key_of_another_course_is_404(client: Client, course: Course) -> None:
    other = MaterialFactory.create()
    args = [course.slug, other.key]
    assert client.get(reverse("courses:material", args=args)).status_code == 404


@pytest.mark.usefixtures("student")
def test_replaced_file_keeps_its_address(client: Client, course: Course) -> None:
    material = with_file(course, "v1.pdf", PDF, week=WeekFactory.create(course=course))
    address = material.get_absolute_url()
    material.file.save("v2.pdf", ContentFile(PDF + b"2"))
    assert client.get(address).status_code == 200
    assert b"".join(ask(client, material, "material-inline")).endswith(b"2")
