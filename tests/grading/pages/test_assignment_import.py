"""The import page shows a preview, then stores a revision, and never publishes it."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.throttles import ImportThrottle
from courses.models import Assignment
from formats.choices import Role
from grading.models import GradingRun
from tests.factories import AssignmentFactory, EnrolmentFactory
from tests.formats.assignment.bundles import MANIFEST, write_bundle
from tests.formats.assignment.files_bundles import write_files_bundle
from tests.formats.importing.foreign import (
    checking,
    code,
    notebook,
    text,
    write,
    zipped,
)
from tests.grading.pages import Answer, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create(with_revision=False)


@pytest.fixture
def lecturer(assignment: Assignment) -> User:
    user: User = EnrolmentFactory.create(
        course=assignment.course, role=Role.LECTURER
    ).user
    return user


def send(user: User, assignment: Assignment, **form: Any) -> Answer:
    form = {"format": "", "hidden": "after_release", **form}
    return signed_in(user).post(f"{assignment.get_absolute_url()}import/", form)


def upload(tmp_path: Path, **changed: str) -> SimpleUploadedFile:
    archive = zipped(write_bundle(tmp_path / "task", **changed), tmp_path / "task.zip")
    return SimpleUploadedFile("task.zip", archive.read_bytes())


def digest_of(answer: Answer) -> str:
    digest: str = answer.context["preview"].digest
    return digest


def test_a_preview_stores_nothing(
    lecturer: User, assignment: Assignment, tmp_path: Path
) -> None:
    answer = send(lecturer, assignment, package=upload(tmp_path))
    assert answer.status_code == 200
    assert "A small task Softmark (assignment.yaml) · 5 points" in words(answer)
    assert "Adding add tests, functions 2 1 at once, 1 after the deadline 3" in words(
        answer
    )
    assert not assignment.revisions.exists()


def test_importing_stores_a_revision_and_publishes_nothing(
    lecturer: User, assignment: Assignment, tmp_path: Path
) -> None:
    shown = send(lecturer, assignment, package=upload(tmp_path))
    answer = send(lecturer, assignment, digest=digest_of(shown))
    assert answer.status_code == 302
    assert answer["Location"] == f"{assignment.get_absolute_url()}staff/revisions/1/"
    assert GradingRun.objects.filter(trial="solution", state="queued").count() == 1
    revision = assignment.revisions.get()
    assert revision.created_by == lecturer
    assignment.refresh_from_db()
    assert assignment.revision is None


def test_files_without_a_notebook_are_imported_without_trials(
    lecturer: User, assignment: Assignment, tmp_path: Path
) -> None:
    archive = zipped(write_files_bundle(tmp_path / "task"), tmp_path / "task.zip")
    package = SimpleUploadedFile("task.zip", archive.read_bytes())
    shown = send(lecturer, assignment, package=package)
    text = words(shown)
    assert "10 points · files only: nothing is run" in text
    assert "Students hand in report.pdf, figures.zip Students get nothing" in text
    assert "Please note" not in text
    answer = send(lecturer, assignment, digest=digest_of(shown))
    assert answer["Location"] == f"{assignment.get_absolute_url()}staff/revisions/1/"
    assert not GradingRun.objects.exists()
    publish = f"{assignment.get_absolute_url()}staff/revisions/1/publish/"
    signed_in(lecturer).post(publish)
    assignment.refresh_from_db()
    assert assignment.revision == assignment.revisions.get()


def test_an_upload_that_was_not_previewed_is_not_imported(
    lecturer: User, assignment: Assignment, tmp_path: Path
) -> None:
    shown = send(lecturer, assignment, package=upload(tmp_path / "a"))
    other = upload(tmp_path / "b", manifest=MANIFEST + "seed: 4\n")
    send(lecturer, assignment, package=other)
    answer = send(lecturer, assignment, digest=digest_of(shown))
    assert answer.status_code == 422
    assert "a newer upload has replaced it" in words(answer)
    assert not assignment.revisions.exists()


def test_an_upload_is_imported_once(
    lecturer: User, assignment: Assignment, tmp_path: Path
) -> None:
    shown = send(lecturer, assignment, package=upload(tmp_path))
    send(lecturer, assignment, digest=digest_of(shown))
    assert send(lecturer, assignment, digest=digest_of(shown)).status_code == 422
    assert assignment.revisions.count() == 1


def test_faults_are_listed_with_their_place(
    lecturer: User, assignment: Assignment, tmp_path: Path
) -> None:
    spoilt = upload(tmp_path, manifest=MANIFEST.replace("points: 3", "points: 4"))
    answer = send(lecturer, assignment, package=spoilt)
    assert answer.status_code == 422
    assert "assignment.yaml, line 11: The checks of “add”" in words(answer)


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        ([text("# T"), code(""), code("1"), code("# BEGIN SOLUTION")], "cell 2"),
        (
            [text("# T"), code("1"), text("# BEGIN SOLUTION")],
            "the text cell below cell 1",
        ),
    ],
)
def test_faults_call_a_cell_as_its_run_does(
    lecturer: User,
    assignment: Assignment,
    tmp_path: Path,
    cells: list[dict[str, Any]],
    place: str,
) -> None:
    spoilt = upload(tmp_path, staff=json.dumps(notebook(*cells)))
    answer = send(lecturer, assignment, package=spoilt)
    assert f"staff.ipynb, {place}, line 1: This BEGIN" in words(answer)
    with pytest.raises(CommandError, match=f"staff.ipynb, {place}, line 1: This BEGIN"):
        call_command("import_assignment", str(tmp_path / "task"), "--dry-run")


def test_a_notebook_alone_can_be_imported(
    lecturer: User, assignment: Assignment
) -> None:
    hidden = "### BEGIN HIDDEN TESTS\nassert x < 9\n### END HIDDEN TESTS"
    text = json.dumps(notebook(checking("t", f"assert x == 1\n{hidden}")))
    package = SimpleUploadedFile("ps 1.ipynb", text.encode())
    answer = send(lecturer, assignment, package=package, hidden="never")
    assert "nbgrader · 2 points · runs as ps-1.ipynb" in words(answer)
    assert "1 never" in words(answer)
    assert "x < 9" not in words(answer)


def test_a_file_name_with_a_path_stays_in_its_folder(
    lecturer: User, assignment: Assignment, settings: Any
) -> None:
    package = BytesIO(b"{}")
    package.name = "..\\..\\..%2fsettings.ipynb"
    answer = send(lecturer, assignment, package=package)
    assert answer.status_code == 422
    kept = list((Path(settings.VAR_DIR) / "imports").rglob("*.ipynb"))
    assert all(path.parent.name == "package" for path in kept)


def test_tests_are_not_shown(
    lecturer: User, assignment: Assignment, tmp_path: Path
) -> None:
    answer = send(lecturer, assignment, package=upload(tmp_path))
    assert "10**20" not in answer.content.decode()


@pytest.mark.parametrize("role", [Role.STUDENT, Role.ASSISTANT])
def test_only_editors_upload_a_source(
    assignment: Assignment, tmp_path: Path, role: Role
) -> None:
    user = EnrolmentFactory.create(course=assignment.course, role=role).user
    answer = send(user, assignment, package=upload(tmp_path))
    assert answer.status_code == 403


def test_very_many_uploads_are_refused(
    lecturer: User, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImportThrottle, "rate", "1/hour")
    send(lecturer, assignment)
    answer = send(lecturer, assignment)
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)


CELL = "import torch\nnet = torch.load('net.pth')"


def nbgrader(tmp_path: Path) -> SimpleUploadedFile:
    cells = code(CELL), checking("t", "assert net")
    write(tmp_path / "ps", "source/ps/ps.ipynb", *cells)
    archive = zipped(tmp_path / "ps", tmp_path / "ps.zip")
    return SimpleUploadedFile("ps.zip", archive.read_bytes())


def test_options_that_a_foreign_format_lacks_are_asked_for_and_stored(
    lecturer: User, assignment: Assignment, tmp_path: Path
) -> None:
    said = {
        "title": "Nets",
        "required": "net.pth=7",
        "points": "t = 5\r\n",
        "parameters": "epochs=1\r\nname=x",
        "run_seconds": "900",
        "queue": "gpu",
    }
    weights = SimpleUploadedFile("net.pth", b"w")
    shown = send(
        lecturer, assignment, package=nbgrader(tmp_path), solution=weights, **said
    )
    answer = send(lecturer, assignment, digest=digest_of(shown), **hidden_of(shown))
    assert answer.status_code == 302
    revision = assignment.revisions.get()
    assert (revision.queue, revision.run_seconds) == ("gpu", 900)
    assert revision.parameters == {"epochs": 1, "name": "x"}
    assert revision.questions.get().points == 5
    assert revision.required_files.get(name="net.pth").max_bytes == 7 << 20
    assert revision.files.get(part="solution").name == "net.pth"


def hidden_of(answer: Answer) -> dict[str, str]:
    """Return the fields that the page sends when its import button is pressed."""
    repeated: list[tuple[str, str]] = answer.context["form"].repeated()
    assert all(f'name="{name}"' in answer.content.decode() for name, _ in repeated)
    return dict(repeated)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("required", "net.pth=x", "such as net.pth=20"),
        ("required", "a/b.pth", "not allowed as a file name"),
        ("points", "conv2d", "such as conv2d=5"),
        ("points", "t=-1", "from 0 up"),
        ("parameters", "1a=2", "such as TRAIN=False"),
        ("environment", "nowhere", "Select a valid choice"),
        ("run_seconds", "0", "greater than or equal to 1"),
    ],
)
def test_invalid_options_are_errors_at_their_fields(
    lecturer: User,
    assignment: Assignment,
    tmp_path: Path,
    *,
    field: str,
    text: str,
    said: str,
) -> None:
    answer = send(lecturer, assignment, package=nbgrader(tmp_path), **{field: text})
    assert answer.status_code == 422
    assert said in str(answer.context["form"].errors[field])
    assert answer.context["form"].has_foreign_values


def test_points_of_an_unknown_question_are_refused(
    lecturer: User, assignment: Assignment, tmp_path: Path
) -> None:
    answer = send(lecturer, assignment, package=nbgrader(tmp_path), points="tt=3")
    assert "“tt”, but no question has this key. Did you mean “t”?" in words(answer)


def test_a_file_of_the_model_solution_that_nobody_hands_in_is_refused(
    lecturer: User, assignment: Assignment, tmp_path: Path
) -> None:
    weights = SimpleUploadedFile("other.pth", b"w")
    answer = send(lecturer, assignment, package=nbgrader(tmp_path), solution=weights)
    assert "other.pth: Students do not hand in a file of this name." in words(answer)


def test_our_own_format_needs_no_options_and_the_page_says_so(
    lecturer: User, assignment: Assignment, tmp_path: Path
) -> None:
    answer = send(lecturer, assignment, package=upload(tmp_path), run_seconds="900")
    assert "have no effect here" in words(answer)
