"""Large files go in pieces, and go on after a break, a reload and a pause."""

from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, Route, expect

from courses.models import Assignment
from submissions.models import OpenedAttempt, Submission
from tests.e2e.test_hand_in_form import (
    assignment,
    choose,
    chosen,
    hand_in,
    student,
)
from tests.factories import small_notebook
from tests.services.portal import LivePortal
from tests.submissions.builders import MB, POINTER, safetensors_bytes, tensor

__all__ = ["assignment", "student"]
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.one_database,
    pytest.mark.timeout(180),
    pytest.mark.usefixtures("student"),
]
SIZE: Final = 20 * MB
PATCHES: Final = "**/api/v1/uploads/*/"


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "work.ipynb"
    path.write_text(small_notebook())
    return path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "digits.safetensors"
    header = {"w": tensor(shape=(SIZE // 4,), end=SIZE)}
    path.write_bytes(safetensors_bytes(header, bytes(range(256)) * (SIZE // 256)))
    return path


@pytest.fixture
def form(page: Page, live_portal: LivePortal, assignment: Assignment) -> Page:
    """Give the page with the form, ticked."""
    page.goto(live_portal.url + assignment.get_absolute_url())
    page.get_by_label("This is my own, unaided work.").check()
    return page


def test_files_chosen_at_once_find_their_places_and_arrive(
    form: Page, notebook: Path, weights: Path
) -> None:
    form.get_by_label("All files at once").set_input_files([weights, notebook])
    assert chosen(form) == ["work.ipynb", "digits.safetensors"]
    hand_in(form)
    form.wait_for_url("**/runs/**")
    submission = Submission.objects.get()
    assert submission.files.get(name="digits.safetensors").size > SIZE
    assert submission.received_at == OpenedAttempt.objects.get().opened_at


def test_a_file_without_a_place_is_named(form: Page, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("x")
    form.get_by_label("All files at once").set_input_files([path])
    expect(form.get_by_text("does not ask for notes.txt")).to_be_visible()


def test_after_a_reload_the_upload_goes_on(
    form: Page, notebook: Path, weights: Path
) -> None:
    pieces: list[str] = []

    def first_only(route: Route) -> None:
        if route.request.method == "PATCH":
            pieces.append(route.request.headers["upload-offset"])
            if len(pieces) > 2:
                route.abort()
                return
        route.continue_()

    form.route(PATCHES, first_only)
    choose(form, notebook, weights)
    hand_in(form)
    expect(form.get_by_text("the connection broke, trying again")).to_be_visible(
        timeout=30_000
    )
    form.unroute(PATCHES)
    form.on("dialog", lambda dialog: dialog.accept())
    form.reload()
    expect(form.get_by_text("You have opened an attempt", exact=True)).to_be_visible()
    expect(form.get_by_text("work.ipynb: complete")).to_be_visible()
    sent: list[str] = []
    form.on(
        "request",
        lambda asked: (
            sent.append(asked.headers["upload-offset"])
            if asked.method == "PATCH"
            else None
        ),
    )
    choose(form, notebook, weights)
    form.get_by_label("This is my own, unaided work.").check()
    hand_in(form)
    form.wait_for_url("**/runs/**")
    assert sent == [str(8 * MB), str(16 * MB)]
    assert Submission.objects.count() == 1


def test_large_files_are_checked_and_handed_in_without_sending_them_again(
    form: Page, assignment: Assignment, notebook: Path, weights: Path
) -> None:
    Assignment.objects.filter(pk=assignment.pk).update(self_check_limit=3)
    form.reload()
    choose(form, notebook, weights)
    form.get_by_role("button", name="Check my work").click()
    form.wait_for_url("**/self-checks/**")
    opened = OpenedAttempt.objects.get(submission=None)
    assert not opened.is_declared
    form.get_by_label("This is my own, unaided work.").check()
    form.get_by_role("button", name="Hand this in").click()
    form.wait_for_url("**/runs/**")
    assert Submission.objects.get() == OpenedAttempt.objects.get().submission


@pytest.mark.parametrize("method", ["HEAD", "PATCH"])
def test_a_pause_lasts_until_the_person_goes_on(
    form: Page, notebook: Path, weights: Path, method: str
) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == method:
            held.append(route)
        else:
            route.continue_()

    form.route(PATCHES, hold)
    choose(form, notebook, weights)
    with form.expect_request(lambda request: request.method == method):
        hand_in(form)
    form.get_by_role("button", name="Pause").click()
    expect(form.get_by_text("paused")).to_be_visible()
    if method == "HEAD":
        with form.expect_response(lambda answer: answer.request.method == "HEAD"):
            held[0].continue_()
    form.unroute(PATCHES)
    form.get_by_role("button", name="Go on").click()
    form.wait_for_url("**/runs/**")
    assert Submission.objects.count() == 1


def test_all_problems_are_said_before_the_first_byte(
    form: Page, notebook: Path, weights: Path
) -> None:
    asked: list[str] = []
    form.on("request", lambda request: asked.append(request.url))
    notebook.write_text("{not json")
    weights.write_bytes(POINTER + bytes(9 * MB))
    choose(form, notebook, weights)
    hand_in(form)
    expect(form.get_by_text("“work.ipynb” is not valid JSON")).to_be_visible()
    expect(form.get_by_text("is a Git LFS pointer")).to_be_visible()
    expect(form.get_by_text("Correct 2 problems first.")).to_be_visible()
    notebook.write_bytes(b"\x89PNG\r\n\x1a\n")
    choose(form, notebook, weights)
    hand_in(form)
    expect(form.get_by_text("“work.ipynb” is not a Jupyter notebook")).to_be_visible()
    expect(form.get_by_text("is a Git LFS pointer")).to_have_count(1)
    expect(form.get_by_text("Correct 2 problems first.")).to_have_count(1)
    assert not [url for url in asked if "/api/" in url]


def test_other_files_replace_an_open_attempt_once_confirmed(
    form: Page, notebook: Path, weights: Path
) -> None:
    form.route(PATCHES, lambda route: route.abort())
    choose(form, notebook, weights)
    hand_in(form)
    expect(form.get_by_text("trying again")).to_be_visible(timeout=30_000)
    form.get_by_role("button", name="Stop").click()
    expect(form.get_by_text("Stopped.")).to_be_visible()
    form.unroute(PATCHES)
    notebook.write_text(small_notebook("other = 1"))
    choose(form, notebook)
    hand_in(form)
    form.get_by_role("button", name="Open this attempt instead").click()
    form.wait_for_url("**/runs/**")
    assert Submission.objects.count() == OpenedAttempt.objects.count() == 1


def test_an_open_attempt_can_be_dropped(
    form: Page, notebook: Path, weights: Path
) -> None:
    form.route(PATCHES, lambda route: route.abort())
    choose(form, notebook, weights)
    hand_in(form)
    expect(form.get_by_text("trying again")).to_be_visible(timeout=30_000)
    form.on("dialog", lambda dialog: dialog.accept())
    form.reload()
    expect(form.locator("[data-quota]")).to_contain_text("20 MB of")
    form.get_by_text("Drop this attempt…").click()
    form.get_by_role("button", name="Drop it").click()
    expect(form.get_by_text("You have opened an attempt", exact=True)).to_have_count(0)
    expect(form.locator("[data-quota]")).to_contain_text("0 bytes of")
    assert not OpenedAttempt.objects.exists()
