"""The main job of a student: sign in, hand in, watch the run, read the mark."""

from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from grading.models import GradingRun, Mark
from grading.states import State
from submissions.models import Submission
from tests.e2e.conftest import EXAMPLE, Campus

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
RUN_MS: Final = 60_000
GOOD: Final = EXAMPLE / "submissions" / "good"


def hand_in(page: Page, notebook: Path, weights: Path) -> None:
    form = page.locator("form[data-submit-form]")
    form.get_by_label("conv-digits.ipynb").set_input_files(notebook)
    form.get_by_label("digits.safetensors").set_input_files(weights)
    form.get_by_label("This is my own, unaided work.").check()
    form.get_by_role("button", name="Hand in").click()


@pytest.mark.usefixtures("worker")
def test_student_hands_in_and_reads_the_mark_and_the_lecturer_sees_it(
    campus: Campus, page: Page
) -> None:
    campus.sign_in(page, campus.student)
    page.get_by_role("link", name="Deep Learning").first.click()
    page.get_by_role("link", name="Convolution from scratch").first.click()
    hand_in(page, GOOD / "conv-digits.ipynb", GOOD / "digits.safetensors")

    page.wait_for_url("**/runs/**")
    expect(page.locator("[data-run-status][hx-get]")).to_have_count(0, timeout=RUN_MS)
    expect(page.get_by_role("heading", name="Ran to the end")).to_be_visible()

    mark = Mark.objects.get(assignment=campus.assignment, student=campus.student)
    assert mark.final_points == Decimal("19.50")
    assert mark.run is not None
    assert mark.run.state == State.FINISHED

    page.get_by_role("link", name="Marks").first.click()
    expect(page.get_by_text("Provisional").first).to_be_visible()

    page.context.clear_cookies()
    campus.sign_in(page, campus.lecturer)
    page.goto(f"{campus.portal.url}{campus.assignment.get_absolute_url()}staff/")
    rows = page.locator("#students tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="Okafor")).to_contain_text("19.5")


@pytest.mark.one_database
def test_broken_notebook_is_refused_with_its_line_and_uses_no_attempt(
    campus: Campus, page: Page, tmp_path: Path
) -> None:
    broken = tmp_path / "conv-digits.ipynb"
    broken.write_text('{\n "cells": [\n  {"cell_type" "code"}\n ]\n}\n')
    campus.sign_in(page, campus.student)
    page.goto(campus.portal.url + campus.assignment.get_absolute_url())
    hand_in(page, broken, GOOD / "digits.safetensors")

    expect(page.get_by_role("alert").filter(has_text="Not handed in")).to_be_visible()
    expect(page.get_by_text("line 3", exact=False).first).to_be_visible()
    assert not Submission.objects.exists()


@pytest.mark.one_database
def test_form_works_without_script(
    campus: Campus, browser_without_script: Page
) -> None:
    page = browser_without_script
    campus.sign_in(page, campus.student)
    page.goto(campus.portal.url + campus.assignment.get_absolute_url())
    hand_in(page, GOOD / "conv-digits.ipynb", GOOD / "digits.safetensors")
    page.wait_for_url("**/runs/**")
    assert GradingRun.objects.filter(submission__author=campus.student).count() == 1
