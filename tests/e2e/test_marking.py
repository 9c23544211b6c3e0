"""Marking by the keyboard alone: every key, in a browser, with axe."""

import pytest
from playwright.sync_api import Page, expect

from courses.models import RubricItem
from grading.models import GradingRun, Marking
from tests.e2e.conftest import Campus
from tests.e2e.looking import flaws_of
from tests.factories import GradingRunFactory, SubmissionFactory, store_text
from tests.grading.marking import address, code_of, notebook

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
TEXTS = ("It confuses 4 and 9.", "It confuses 4 and 9.", "I do not know.")


def answered(campus: Campus, text: str) -> GradingRun:
    answers = {"discussion": text}
    submission = SubmissionFactory.create(
        assignment=campus.assignment, notebook=notebook(answers)
    )
    executed = store_text(notebook(answers, ran=True))[0]
    run: GradingRun = GradingRunFactory.create(
        submission=submission, finished=True, executed_sha256=executed
    )
    return run


def given(run: GradingRun) -> tuple[set[str], str, str]:
    """Return the chosen items, the points and all comments of the run's marking."""
    marking = Marking.objects.get(submission=run.work)
    chosen = {item.text for item in marking.items.all()}
    at_cells = "".join(each.text for each in marking.cell_comments.all())
    return chosen, str(marking.points), marking.comment + at_cells


@pytest.mark.one_database
def test_a_question_is_marked_by_keys_alone(campus: Campus, page: Page) -> None:
    first, alike, other = (answered(campus, text) for text in TEXTS)
    items = RubricItem.objects.filter(group__rubric__key="discussion")
    texts = list(
        items.order_by("group__position", "position").values_list("text", flat=True)
    )
    campus.sign_in(page, campus.lecturer)
    press, write = page.keyboard.press, page.keyboard.type
    points = page.locator("[data-points-now]")
    page.goto(campus.portal.url + address(first, key="discussion"))
    like = page.get_by_label(code_of(campus.assignment, alike.work.author))
    expect(like).not_to_be_checked()
    # One of several items, then one of a group, and another in its place.
    for key in ("1", "3", "4"):
        press(key)
    expect(points).to_have_text("1.5")
    for key, typed in (("a", "0.5"), ("c", "Say why. "), ("C", "Here.")):
        press(key)
        write(typed)
        press("Escape")
    expect(points).to_have_text("2")
    enter_leaves_the_points(page)
    press("g")
    expect(like).to_be_checked()
    press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    press("Escape")
    assert flaws_of(page) == []
    press("c")
    press("Control+Enter")
    page.wait_for_url(f"**{address(other, key='discussion')}")
    expected = ({texts[0], texts[3]}, "2.00", "Say why.Here.")
    assert [given(first), given(alike)] == [expected, expected]
    why_it_is_not_stored_is_in_view(page)
    mark_the_last(page)
    assert given(other) == ({texts[1]}, "1.00", "Say why.")


def enter_leaves_the_points(page: Page) -> None:
    """Type too many points, which is said, and leave the field by Enter."""
    field, cut = page.locator("#adjustment"), page.locator("[data-cut]")
    page.keyboard.press("a")
    page.keyboard.type("99,5")
    expect(cut).to_contain_text("Together this is 101.")
    page.keyboard.press("Enter")
    expect(field).not_to_be_focused()
    assert not Marking.objects.exists()
    page.keyboard.press("a")
    page.keyboard.type("0.5")
    page.keyboard.press("Enter")
    expect(cut).to_be_empty()


def why_it_is_not_stored_is_in_view(page: Page) -> None:
    """Finish with faulty points on a small screen, where the form is below the answer."""
    page.set_viewport_size({"width": 390, "height": 700})
    field = page.locator("#adjustment")
    field.fill("one")
    page.keyboard.press("Control+Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Write the points to add as a number")
    expect(alert).to_be_in_viewport(ratio=1)
    field.fill("")
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1280, "height": 900})


def mark_the_last(page: Page) -> None:
    """Add a comment that was used, look at the changes, and finish."""
    press = page.keyboard.press
    press("s")
    page.keyboard.type("Say why.")
    expect(page.get_by_label("Comment for the student")).to_have_value("Say why.")
    press("Escape")
    press("d")
    frame = page.frame_locator("#marking-notebook")
    expect(frame.get_by_text("I do not know.")).to_be_visible()
    expect(frame.get_by_text("Added").first).to_be_visible()
    # A click into the frame leaves the keys with the page.
    page.locator("#marking-notebook").click()
    press("2")
    press("Enter")
    expect(page.get_by_text("Nothing is left to be marked")).to_be_visible()
