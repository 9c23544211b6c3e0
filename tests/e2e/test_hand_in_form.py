"""The form and the live page with their scripts: no input is lost or asked twice."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Response, expect

from accounts.models import User
from courses.models import Assignment
from formats.choices import LateMode
from grading.models import GradingRun
from grading.states import State, Verdict
from portal.store_fault_pages import fault_page
from storage.store_faults import UNREACHABLE
from submissions.models import Submission
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    RequiredFileFactory,
    RevisionFileFactory,
    SubmissionFactory,
    UserFactory,
    hours,
    small_notebook,
)
from tests.services.portal import LivePortal
from tests.submissions.builders import safetensors_bytes, tensor

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.one_database,
    pytest.mark.timeout(120),
]
PASSWORD: Final = "correct horse battery staple"


@pytest.fixture
def assignment(live_portal: LivePortal) -> Assignment:
    """Give a served coursework that requires notebook and weights; nothing runs it."""
    found: Assignment = AssignmentFactory.create()
    RequiredFileFactory.create(revision=found.revision, weights=True)
    live_portal.start_web()
    return found


@pytest.fixture
def student(assignment: Assignment, live_portal: LivePortal, page: Page) -> User:
    """Give a student of the course, who is signed in."""
    person: User = UserFactory.create()
    EnrolmentFactory.create(course=assignment.course, user=person)
    sign_in(page, live_portal, person)
    return person


def sign_in(page: Page, live_portal: LivePortal, person: User) -> None:
    page.goto(f"{live_portal.url}/accounts/login/")
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{live_portal.url}/")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Give files to hand in, by the fault that each has."""
    contents = {
        "good.ipynb": small_notebook().encode(),
        "broken.ipynb": b'{"cells": [}',
        "good.safetensors": safetensors_bytes(),
        # Too long for a short body of the web server's.
        "long.safetensors": safetensors_bytes(
            {"w": tensor(shape=(50_000,), end=200_000)}, bytes(200_000)
        ),
        "huge.ipynb": bytes(6 * 1024**2),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in contents}


def choose(
    page: Page, notebook: Path | None = None, weights: Path | None = None
) -> None:
    if notebook:
        page.get_by_label("work.ipynb").set_input_files(notebook)
    if weights:
        page.get_by_label("digits.safetensors").set_input_files(weights)


def chosen(page: Page) -> list[str]:
    """Return the names of the files chosen in the inputs."""
    script = "[...document.querySelectorAll('[data-slot] [type=file]')].map(i => i.files[0]?.name)"
    return [name or "" for name in page.evaluate(script)]


def hand_in(page: Page) -> None:
    page.locator("[data-submit-form]").get_by_role("button", name="Hand in").click()


@pytest.mark.usefixtures("student")
def test_refused_form_keeps_every_valid_file(
    page: Page, live_portal: LivePortal, assignment: Assignment, files: dict[str, Path]
) -> None:
    page.goto(live_portal.url + assignment.get_absolute_url())
    choose(page, files["broken.ipynb"], files["good.safetensors"])
    page.get_by_label("This is my own, unaided work.").check()
    hand_in(page)
    expect(page.get_by_text("line 1", exact=True)).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="Not handed in")).to_be_focused()
    assert chosen(page) == ["", "good.safetensors"]
    expect(page.get_by_label("This is my own, unaided work.")).to_be_checked()

    choose(page, files["good.ipynb"])
    hand_in(page)
    page.wait_for_url("**/runs/**")
    assert Submission.objects.get().files.count() == 2


# A cell, and the file that it opens and nobody has, or "".
OPENS: Final = {
    "with open('data.csv') as file: pass": "data.csv",
    'pd.read_csv("a/b.csv", sep=";")': "a/b.csv",
    "np.load(r'x.npy')": "x.npy",
    'torch.load(f="m.pt", map_location="cpu")': "m.pt",
    "Path('notes.txt').read_text()": "notes.txt",
    "json.load(open('conf.json', 'rb'))": "conf.json",
    "open('out.txt', 'w')": "",
    "Path('out.txt').open('w')": "",
    "torch.save(model, 'm.pt'); torch.load('m.pt')": "",
    "if os.path.exists('a.csv'): open('a.csv')": "",
    "!wget https://example.org/a.csv\nopen('a.csv')": "",
    "%%writefile own.py\nopen('own.py')": "",
    "torch.hub.load('pytorch/vision', 'resnet18.pt')": "",
    "# open('data.csv')": "",
    "open(f'{name}.csv'); open(name); yaml.load(text)": "",
    "open('./data.txt'); open('/tmp/x'); open('https://example.org/x.csv')": "",
}


@pytest.mark.usefixtures("student")
def test_files_that_the_notebook_opens_are_warned_of_when_it_is_chosen(
    page: Page, live_portal: LivePortal, assignment: Assignment, tmp_path: Path
) -> None:
    RequiredFileFactory.create(
        revision=assignment.revision, name="extra.csv", kind="other", is_optional=True
    )
    RevisionFileFactory.create(revision=assignment.revision, name="data.txt")
    page.goto(live_portal.url + assignment.get_absolute_url())
    script = """async (cells) => {
      const form = document.querySelector("[data-submit-form]");
      const { missingFiles } = await import(form.dataset.opened);
      const paths = (source) =>
        missingFiles({ cells: [{ cell_type: "code", source }] }, ["data.txt"]);
      return cells.map((cell) => paths(cell).map(({ path }) => path).join());
    }"""
    assert dict(zip(OPENS, page.evaluate(script, list(OPENS)), strict=True)) == OPENS
    cells = (
        "open('extra.csv')",
        "torch.load('digits.safetensors')",
        "open('data.txt')",
    )
    notebook = tmp_path / "work.ipynb"
    notebook.write_text(small_notebook(*cells))
    choose(page, notebook)
    warning = page.get_by_text("Code cell 1 opens “extra.csv”")
    expect(warning).to_be_visible()
    expect(page.locator("[data-slot-warnings] .problem")).to_have_count(1)
    page.get_by_label("extra.csv").set_input_files(notebook)
    expect(warning).to_be_hidden()


@pytest.mark.usefixtures("student")
def test_file_over_the_limit_is_refused_before_it_is_sent(
    page: Page, live_portal: LivePortal, assignment: Assignment, files: dict[str, Path]
) -> None:
    page.goto(live_portal.url + assignment.get_absolute_url())
    choose(page, files["huge.ipynb"], files["good.safetensors"])
    words = page.get_by_text("Too large: the limit is 5 MB.")
    expect(words).to_be_visible()
    page.get_by_label("This is my own, unaided work.").check()
    hand_in(page)
    expect(words).to_be_visible()
    assert "/submit/" not in page.url
    assert not Submission.objects.exists()


@pytest.mark.usefixtures("student")
def test_file_that_changed_since_it_was_chosen_is_asked_for_again(
    page: Page, live_portal: LivePortal, assignment: Assignment, files: dict[str, Path]
) -> None:
    page.goto(live_portal.url + assignment.get_absolute_url())
    choose(page, files["good.ipynb"], files["good.safetensors"])
    page.get_by_label("This is my own, unaided work.").check()
    files["good.ipynb"].write_text(small_notebook("changed = True"))
    hand_in(page)
    expect(
        page.get_by_text("good.ipynb has changed since you chose it.")
    ).to_be_visible()
    assert chosen(page) == ["", "good.safetensors"]


@pytest.mark.usefixtures("student")
def test_a_deadline_that_passed_meanwhile_is_said_before_the_work_is_late(
    page: Page, live_portal: LivePortal, assignment: Assignment, files: dict[str, Path]
) -> None:
    page.goto(live_portal.url + assignment.get_absolute_url())
    choose(page, files["good.ipynb"], files["good.safetensors"])
    page.get_by_label("This is my own, unaided work.").check()
    Assignment.objects.update(
        due_at=hours(-1), closes_at=hours(5), late_mode=LateMode.CAP
    )
    page.evaluate("document.querySelector('[data-submit-form]').dueAt = Date.now()")
    hand_in(page)
    expect(page.get_by_text("Nothing is handed in yet.")).to_be_visible()
    expect(page.locator("[data-late-cost]")).to_contain_text("Late by 1 hour")
    assert not Submission.objects.exists()
    hand_in(page)
    page.wait_for_url("**/runs/**")
    assert Submission.objects.late().count() == 1


@pytest.mark.usefixtures("student")
def test_a_fault_of_the_portal_is_said_in_the_form_and_keeps_the_files(
    page: Page, live_portal: LivePortal, assignment: Assignment, files: dict[str, Path]
) -> None:
    page.goto(live_portal.url + assignment.get_absolute_url())
    choose(page, files["good.ipynb"], files["good.safetensors"])
    page.get_by_label("This is my own, unaided work.").check()
    body = fault_page(UNREACHABLE).content.decode()
    page.route("**/submit/", lambda route: route.fulfill(status=503, body=body))
    hand_in(page)
    said = page.get_by_role("alert").filter(has_text="The portal failed")
    expect(said).to_be_focused()
    expect(said).to_contain_text("cannot reach the place where it stores files")
    expect(said).to_contain_text("Try again in a few minutes.")
    assert chosen(page) == ["good.ipynb", "good.safetensors"]


@pytest.mark.parametrize("weights", ["good.safetensors", "long.safetensors"])
def test_person_signed_out_meanwhile_can_sign_in_and_continue(
    student: User,
    page: Page,
    live_portal: LivePortal,
    assignment: Assignment,
    *,
    files: dict[str, Path],
    weights: str,
) -> None:
    address = live_portal.url + assignment.get_absolute_url()
    page.goto(address)
    choose(page, files["good.ipynb"], files[weights])
    page.get_by_label("This is my own, unaided work.").check()
    page.context.clear_cookies(name="sessionid")
    hand_in(page)
    expect(page.get_by_text("You have been signed out.")).to_be_visible()
    assert page.url == address
    assert chosen(page) == ["good.ipynb", weights]

    sign_in(page.context.new_page(), live_portal, student)
    hand_in(page)
    page.wait_for_url("**/runs/**")
    assert Submission.objects.get().files.count() == 2


@pytest.mark.usefixtures("student")
def test_dropping_a_file_anywhere_on_its_zone_chooses_it(
    page: Page, live_portal: LivePortal, assignment: Assignment
) -> None:
    page.goto(live_portal.url + assignment.get_absolute_url())
    transfer = page.evaluate_handle(
        """(content) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([content], "dropped.ipynb"));
            return transfer;
        }""",
        small_notebook(),
    )
    zone = page.locator(".dropzone__name", has_text="work.ipynb")
    zone.dispatch_event("drop", {"dataTransfer": transfer})
    assert chosen(page) == ["dropped.ipynb", ""]


def update(run: GradingRun, **fields: Any) -> None:
    GradingRun.objects.filter(pk=run.pk).update(**fields)


def note(response: Response, answers: list[int]) -> None:
    if response.url.endswith("/status/"):
        answers.append(response.status)


def test_live_page_follows_the_run_and_stops_asking_when_it_ends(
    page: Page, live_portal: LivePortal, assignment: Assignment, student: User
) -> None:
    run = GradingRunFactory.create(
        submission=SubmissionFactory.create(assignment=assignment, author=student)
    )
    answers: list[int] = []
    page.on("response", lambda heard: note(heard, answers))
    with page.expect_response("**/status/") as first:
        page.goto(live_portal.url + run.get_absolute_url())
    assert first.value.status == 304

    update(
        run,
        state=State.RUNNING,
        started_at=timezone.now(),
        lease_expires_at=hours(1),
        progress={"cell": 2, "cells": 5, "tail": "loss 0.5"},
    )
    expect(page.get_by_text("Cell 2 of 5")).to_be_visible()
    expect(page.locator("[data-run-announcement]")).to_have_text("Running.")
    expect(page).to_have_title(re.compile("^Running · Attempt 1 · .* · Softmark$"))

    update(
        run,
        state=State.FINISHED,
        verdict=Verdict.COMPLETED,
        code="completed",
        finished_at=timezone.now(),
        lease_expires_at=None,
    )
    expect(page.get_by_role("heading", name="Ran to the end")).to_be_visible()
    expect(page.locator("[data-run-announcement]")).to_have_text("Ran to the end.")
    expect(page.get_by_text("Stop this run")).to_have_count(0)
    expect(page.locator("[hx-get], [hx-trigger]")).to_have_count(0)
    assert 304 in answers


@pytest.mark.usefixtures("student")
def test_check_my_work_sends_the_chosen_files_without_handing_them_in(
    page: Page, live_portal: LivePortal, assignment: Assignment, files: dict[str, Path]
) -> None:
    Assignment.objects.update(self_check_limit=2)
    page.goto(live_portal.url + assignment.get_absolute_url())
    check = page.get_by_role("button", name="Check my work")
    choose(page, files["broken.ipynb"], files["good.safetensors"])
    check.click()
    expect(page.get_by_text("Not checked")).to_be_visible()
    assert chosen(page) == ["", "good.safetensors"]
    choose(page, files["good.ipynb"])
    check.click()
    page.wait_for_url("**/self-checks/*/")
    expect(page.get_by_text("Your check waits for a free worker.")).to_be_visible()
    # Without sending anything again, and without a script.
    page.get_by_label("This is my own, unaided work.").check()
    page.get_by_role("button", name="Hand this in").click()
    page.wait_for_url(re.compile("/runs/"))
    found = Submission.objects.get()
    assert sorted(file.original_name for file in found.files.all()) == [
        "good.ipynb",
        "good.safetensors",
    ]
