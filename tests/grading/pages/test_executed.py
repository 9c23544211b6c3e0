"""The executed notebook in its frame: numbers, failures, results and bounds."""

import json
import re
from typing import Any

import pytest
from django.urls import reverse

from formats.notebook.assignment_context import AssignmentContext
from formats.notebook.notebook_checks import check_notebook
from grading.models import GradingRun
from grading.states import Verdict
from runner.protocol.jobs import JobSpec, Limits
from runner.protocol.notebook import read_notebook
from tests.factories import (
    AssignmentFactory,
    GradingRunFactory,
    SelfCheckRunFactory,
    store_text,
)
from tests.grading.pages import (
    Answer,
    add_question,
    finished_run,
    signed_in,
    student_of,
    words,
)

pytestmark = pytest.mark.django_db


def code(source: str, *outputs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "outputs": list(outputs),
        "execution_count": None,
        **fields,
    }


def text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def printed(shown: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": shown}


def error(*lines: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": "E", "evalue": "", "traceback": lines}


def document(*cells: dict[str, Any]) -> str:
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    )


def executed(*cells: dict[str, Any], **fields: Any) -> GradingRun:
    """Return a finished run whose executed notebook has these cells."""
    sha256, _ = store_text(document(*cells))
    run: GradingRun = GradingRunFactory.create(
        finished=True, executed_sha256=sha256, **fields
    )
    return run


def frame(run: GradingRun, query: str = "", **headers: str) -> Answer:
    address = reverse("grading:executed", args=[run.pk])
    return signed_in(run.work.author).get(address + query, headers=headers)


FAILING = (
    text("# Task"),
    code("\ndef f():\n    return missing", execution_count=1),
    code(
        "x = 1\nf()",
        error(
            "Cell In[2], line 2\n----> 2 f()",
            "Cell In[1], line 2, in f()",
            "NameError: name 'missing' is not defined",
        ),
        execution_count=2,
    ),
    code("boom", error("Cell In[3], line 1", "NameError: boom"), execution_count=3),
)


def test_a_cell_has_one_number_at_upload_in_the_run_and_in_the_notebook() -> None:
    """Text, empty cells and skipped ones have none; a restored check cell has one."""
    cells = [
        text("Read this."),
        code("x = 1"),
        code("  \n"),
        code("!pip install x", metadata={"tags": ["skip"]}),
        code("# softmark: check answer\nx"),
        code("<<<<<<< HEAD"),
        code("z = 1"),
    ]
    context = AssignmentContext(keys=["answer"], skip_tags=["skip"])
    found = check_notebook(document(*cells).encode(), name="w.ipynb", context=context)
    (warned,) = [each.message for each in found.warnings]

    spec = JobSpec(
        job_id="a",
        environment="default",
        notebook=document(*cells),
        notebook_name="w.ipynb",
        skip_tags=("skip",),
        limits=Limits(),
    )
    notebook = read_notebook(spec)
    by_source = {cell.source: cell.number for cell in notebook.cells}
    # The run stopped in the fourth cell with code: it has not come to the last one.
    for cell in notebook.cells:
        if 0 < cell.number < 4:
            cell.raw["execution_count"] = cell.number

    run = executed(*json.loads(notebook.to_json())["cells"])
    run.revision.skip_tags = ["skip"]
    run.revision.save(update_fields=["skip_tags"])
    html = frame(run).content.decode()
    shown = {
        re.sub(r"<[^>]+>", "", source).strip(): int(number)
        for number, source in re.findall(
            r'id="cell-(\d+)".*?<code>(.*?)</code>', html, re.DOTALL
        )
    }
    assert by_source["<<<<<<< HEAD"] == shown["&lt;&lt;&lt;&lt;&lt;&lt;&lt; HEAD"] == 3
    assert warned.startswith("Cell 3 ")
    assert list(shown.values()) == [1, 2, 3, 4]
    assert html.count("The run did not come to this cell.") == 1


def test_the_first_failure_is_opened_and_failing_lines_are_marked() -> None:
    run = executed(
        *FAILING,
        verdict=Verdict.STUDENT_ERROR,
        code="cells_failed",
        detail={"cell": 2, "failed": 2, "ename": "NameError"},
    )
    html = frame(run).content.decode()
    assert html.count("<details") == 2
    assert html.count('<details class="cell__error" open>') == 1
    marked = re.findall(r"<mark[^>]*>(.*?)</mark>", html)
    plain = [re.sub(r"<[^>]+>", "", each).strip() for each in marked]
    assert plain == ["return missing", "f()", "boom"]
    assert "The error was raised in cell 1 , line 2." in words(frame(run))
    page = signed_in(run.work.author).get(run.get_absolute_url()).content.decode()
    assert f'src="{reverse("grading:executed", args=[run.pk])}#cell-2"' in page
    link = 'target="executed-notebook">cell 2</a>'
    assert page.count(link) == 2  # in the message, and in the list of failures


def test_each_result_stands_at_its_check_cell_and_links_to_it() -> None:
    """A question without a check cell has no link."""
    assignment = AssignmentFactory.create()
    add_question(assignment, "never")
    run = finished_run(assignment, student_of(assignment), secret=1)
    check = code("# softmark: check answer\n1", execution_count=1)
    run.executed_sha256, _ = store_text(document(check))
    run.save(update_fields=["executed_sha256"])
    assert "Passed The answer 2 of 2 points" in words(frame(run))
    page = signed_in(run.work.author).get(run.get_absolute_url()).content.decode()
    assert page.count('class="result__cell"') == 1
    hidden = code("# softmark: check secret\n1", execution_count=1)
    run.executed_sha256, _ = store_text(document(hidden))
    run.save(update_fields=["executed_sha256"])
    assert "Not shown yet The harder one" in words(frame(run))
    assert "of 3 points" not in words(frame(run))


def test_an_output_is_cut_and_shown_whole_when_asked_for() -> None:
    long = "word " * 10_000
    run = executed(text("# Task"), code("1", printed(long), execution_count=1))
    short = frame(run)
    assert "more characters" in words(short)
    assert 'href="?whole=1#cell-1"' in short.content.decode()
    whole = words(frame(run, "?whole=1"))
    assert whole.count("word") == 10_000
    for odd in ("?whole=99", "?whole=-1", "?whole=x", "?whole=9999999999999"):
        assert frame(run, odd).status_code == 200


def test_the_frame_runs_no_script_and_is_cached_by_what_it_shows() -> None:
    run = executed(code("1", printed("<script>alert(1)</script>"), execution_count=1))
    answer = frame(run)
    assert "<script" not in answer.content.decode()
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "frame-ancestors 'self'" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert frame(run, if_none_match=answer["ETag"]).status_code == 304
    page = signed_in(run.work.author).get(run.get_absolute_url())
    assert "frame-src 'self'" in page["Content-Security-Policy"]


def test_a_run_without_a_readable_notebook_says_so() -> None:
    run = GradingRunFactory.create(finished=True)
    assert frame(run).status_code == 404
    run.executed_sha256 = "0" * 64
    run.save(update_fields=["executed_sha256"])
    assert "This notebook cannot be shown The file is missing." in words(frame(run))
    assert signed_in(run.work.author).get(run.get_absolute_url()).status_code == 200


def test_the_author_of_a_self_check_sees_its_notebook() -> None:
    sha256, _ = store_text(document(*FAILING))
    run = SelfCheckRunFactory.create(finished=True, executed_sha256=sha256)
    assert run.self_check is not None
    client = signed_in(run.self_check.author)
    address = reverse("grading:self-check-executed", args=[run.self_check_id])
    assert "NameError: boom" in words(client.get(address))
    assert address in client.get(run.self_check.get_absolute_url()).content.decode()


def test_the_outputs_of_all_cells_together_are_bounded() -> None:
    cells = [
        code("x", printed("1234567 " * 5000), execution_count=number)
        for number in range(1, 101)
    ]
    html = frame(executed(*cells)).content.decode()
    assert len(html) < 1_000_000
    assert html.count("Show all of this output") == 100
