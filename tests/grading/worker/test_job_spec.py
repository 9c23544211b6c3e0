"""A job holds all that its run needs, checked, and no names of people."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from formats.choices import Part, QuestionKind
from formats.notebook.normalise import readable_notebook
from formats.notebook.notebook_checks import check_notebook
from grading.models import GradingRun
from grading.worker.job_spec import IncompleteRevisionError, build_job
from runner.protocol.jobs import Device, TestStyle
from runner.protocol.notebook import read_notebook
from runner.protocol.placement import fingerprint
from storage.blobs import BlobMissingError, blob_path
from tests.factories import (
    GradingRunFactory,
    QuestionFactory,
    RevisionFileFactory,
    SubmittedFileFactory,
    small_notebook,
)
from tests.formats.notebook.test_notebook_formats import old_notebook
from tests.submissions.builders import code_cell, notebook_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> GradingRun:
    return GradingRunFactory.create(running=True)


def staff_notebook(run: GradingRun, *sources: str) -> None:
    RevisionFileFactory.create(
        revision=run.revision,
        part=Part.STAFF,
        name="staff.ipynb",
        text=small_notebook(*sources),
    )


def test_the_notebook_runs_under_its_required_name(run: GradingRun) -> None:
    job = build_job(run)
    assert job.notebook_name == "work.ipynb"
    assert json.loads(job.notebook)["nbformat"] == 4


def test_limits_seed_and_parameters_are_the_revisions(run: GradingRun) -> None:
    revision = run.revision
    revision.seed, revision.memory_mb = 7, 100
    revision.parameters, revision.skip_tags = {"skip_training": True}, ["slow"]
    job = build_job(run)
    assert (job.seed, job.limits.memory_bytes) == (7, 100 * 1024**2)
    assert (job.limits.cell_seconds, job.limits.run_seconds) == (10, 60)
    assert (job.parameters, job.skip_tags) == ({"skip_training": True}, ("slow",))


def test_a_job_of_the_gpu_queue_computes_on_its_share_of_a_gpu(run: GradingRun) -> None:
    assert build_job(run).device is Device.CPU
    run.revision.queue, run.revision.gpu_memory_mb = "gpu", 512
    job = build_job(run)
    assert job.device is Device.CUDA
    assert job.limits.gpu_memory_bytes == 512 * 1024**2


def test_public_files_are_beside_the_notebook_and_private_ones_apart(
    run: GradingRun,
) -> None:
    SubmittedFileFactory.create(
        submission=run.submission, name="w.safetensors", kind="safetensors", text="abc"
    )
    RevisionFileFactory.create(revision=run.revision, name="data.txt")
    RevisionFileFactory.create(
        revision=run.revision, part=Part.PRIVATE, name="labels.txt"
    )
    job = build_job(run)
    assert [file.name for file in job.files] == ["w.safetensors"]
    assert [file.name for file in job.public_files] == ["data.txt"]
    assert [file.name for file in job.private_files] == ["labels.txt"]
    (weights,) = job.files
    assert (Path(weights.path).read_bytes(), weights.size) == (b"abc", 3)


@pytest.mark.parametrize("name", ["data.txt", "Data.TXT"])
def test_a_handed_in_file_does_not_take_the_place_of_the_courses_own(
    run: GradingRun, name: str
) -> None:
    own = RevisionFileFactory.create(revision=run.revision, name="data.txt")
    SubmittedFileFactory.create(
        submission=run.submission, name=name, kind="other", text="mine"
    )
    job = build_job(run)
    assert [file.sha256 for file in job.public_files] == [own.sha256]
    assert job.files == ()


def test_each_question_comes_with_its_tests(run: GradingRun) -> None:
    (question,) = build_job(run).questions
    assert (question.key, [c.name for c in question.checks]) == (
        "answer",
        ["check_answer"],
    )
    assert "def check_answer" in question.source


def give_style(run: GradingRun, style: str, text: str) -> None:
    run.revision.questions.update(style=style)
    run.revision.files.filter(part=Part.TESTS).delete()
    RevisionFileFactory.create(
        revision=run.revision,
        part=Part.TESTS,
        name="answer.py",
        text=text,
    )


@pytest.mark.parametrize("style", ["script", "doctest"])
def test_a_check_with_its_own_code_gets_its_section(
    run: GradingRun, style: str
) -> None:
    give_style(run, style, "# %% other\nno\n# %% check_answer\nassert answer == 42\n")
    (question,) = build_job(run).questions
    (check,) = question.checks
    assert (question.style, question.source) == (TestStyle(style), "")
    assert check.source == "assert answer == 42\n"


def test_cases_get_their_module(run: GradingRun) -> None:
    module = "@test_case()\ndef check_answer(answer): ...\n"
    give_style(run, "cases", module)
    (question,) = build_job(run).questions
    assert (question.style, question.source) == (TestStyle.CASES, module)


def test_a_check_without_its_section_stops_the_job(run: GradingRun) -> None:
    give_style(run, "script", "# %% other\nno\n")
    with pytest.raises(IncompleteRevisionError):
        build_job(run)


def test_test_names_stand_for_the_modules_of_the_revision(run: GradingRun) -> None:
    run.revision.imports = {"np": "numpy"}
    assert build_job(run).test_names == {"np": "numpy"}


def test_locked_cells_are_restored_by_their_names(run: GradingRun) -> None:
    notebook = json.loads(small_notebook("import os", "x = 1"))
    notebook["cells"][0]["metadata"] = {"softmark": {"locked": "setup"}}
    RevisionFileFactory.create(
        revision=run.revision,
        part=Part.STAFF,
        name="staff.ipynb",
        text=json.dumps(notebook),
    )
    theirs = json.loads(small_notebook("import sys", "x = 2"))
    theirs["cells"][0]["metadata"] = {"nbgrader": {"grade_id": "setup"}}
    run.work.files.all().delete()
    SubmittedFileFactory.create(
        submission=run.submission, kind="notebook", text=json.dumps(theirs)
    )
    cells = json.loads(build_job(run).notebook)["cells"]
    assert [cell["source"] for cell in cells] == ["import os", "x = 2"]


def hand_in(run: GradingRun, notebook: bytes | str) -> None:
    text = notebook if isinstance(notebook, str) else notebook.decode()
    run.work.files.all().delete()
    SubmittedFileFactory.create(submission=run.submission, kind="notebook", text=text)


SOLVED = "### BEGIN SOLUTION\nkey = 'CANARY'\n### END SOLUTION\nx = 1"


@pytest.mark.parametrize(
    ("metadata", "first"),
    [({"locked": "setup"}, ""), ({"question": "answer"}, "# softmark: check answer\n")],
)
def test_no_solution_is_put_into_a_student_s_notebook(
    run: GradingRun, metadata: dict[str, str], first: str
) -> None:
    notebook = json.loads(small_notebook(first + SOLVED))
    notebook["cells"][0]["metadata"] = {"softmark": metadata}
    RevisionFileFactory.create(
        revision=run.revision,
        part=Part.STAFF,
        name="staff.ipynb",
        text=json.dumps(notebook),
    )
    hand_in(run, json.dumps(notebook).replace("CANARY", "mine"))
    job = build_job(run)
    assert "CANARY" not in repr(job)
    assert "YOUR CODE HERE" in job.notebook + str(job.restored)


def test_locked_cells_are_restored_from_the_hand_out(run: GradingRun) -> None:
    for part, text in (
        (Part.STAFF, "1"),
        (Part.HANDOUT, "2"),
    ):
        RevisionFileFactory.create(
            revision=run.revision,
            part=part,
            name=f"{part}.ipynb",
            text=small_notebook(f"# softmark: check answer\n{text}"),
        )
    assert build_job(run).restored == {"answer": "# softmark: check answer\n2"}


@pytest.mark.parametrize(
    "data",
    [
        old_notebook(3),
        notebook_bytes(code_cell("answer = '\ud800'")),
        notebook_bytes(code_cell("answer = 1 # \0"), metadata=[]),
        notebook_bytes({"cell_type": "sql", "source": ""}, nbformat_minor=9),
        notebook_bytes(metadata={"language_info": {"name": "Python 3"}}),
        notebook_bytes(metadata={"language_info": {"name": "plaintext"}}),
        notebook_bytes(
            metadata={"language_info": {"name": 5}, "kernelspec": {"language": "R"}}
        ),
    ],
)
def test_a_notebook_that_the_upload_accepts_is_read_by_the_run(
    run: GradingRun, data: bytes
) -> None:
    assert check_notebook(data, name="w").problems == ()
    hand_in(run, data)
    assert build_job(run).notebook == json.dumps(
        json.loads(readable_notebook(data)), ensure_ascii=False
    )
    read_notebook(build_job(run))


def test_a_question_marked_by_hand_is_not_in_the_job(run: GradingRun) -> None:
    QuestionFactory.create(
        revision=run.revision,
        key="essay",
        kind=QuestionKind.MANUAL,
        points=Decimal(5),
        checks=[],
    )
    assert [question.key for question in build_job(run).questions] == ["answer"]


def test_check_cells_are_restored_from_the_staff_notebook(run: GradingRun) -> None:
    source = "# softmark: check answer\nassert answer == 42"
    staff_notebook(run, "answer = 42", source, "# softmark: check unknown\n1")
    assert build_job(run).restored == {"answer": source}


def test_the_job_has_the_names_that_the_staff_notebook_defines(run: GradingRun) -> None:
    net = "%time\nclass Net:\n    def dist(self): pass\ndef f(): y = 2"
    staff_notebook(run, "import torch\nx = 1", net)
    job = build_job(run)
    assert job.defined_names == ("Net", "f", "x")
    assert job.defined_classes == ("Net",)
    assert job.defined_methods == ("dist",)


def test_the_job_describes_the_hand_out_cell_by_cell(run: GradingRun) -> None:
    RevisionFileFactory.create(
        revision=run.revision,
        part=Part.HANDOUT,
        name="handout.ipynb",
        text=small_notebook("a = 1", "# softmark: check answer", "grader.check('q9')"),
    )
    staff_notebook(run, "other = 1")
    cells = build_job(run).handout
    assert [cell.id for cell in cells] == ["cell-0", "cell-1", "cell-2"]
    assert [cell.question for cell in cells] == ["", "answer", ""]
    assert [cell.binds for cell in cells] == [("a",), (), ()]
    assert cells[0].source == fingerprint("a = 1\n")


def test_names_related_to_the_hand_out_s_cells_follow_from_the_solution(
    run: GradingRun,
) -> None:
    RevisionFileFactory.create(
        revision=run.revision,
        part=Part.HANDOUT,
        name="handout.ipynb",
        text=small_notebook("w = [0]", "# your work", "w.append(1)"),
    )
    staff_notebook(run, "w = [0]", "def total():\n    return sum(w)", "w.append(1)")
    cells = build_job(run).handout
    assert [cell.related for cell in cells] == [("total", "w"), (), ("total", "w")]


def test_without_a_hand_out_one_is_made_of_the_staff_notebook(run: GradingRun) -> None:
    staff_notebook(run, "### BEGIN SOLUTION\na = 1\n### END SOLUTION", "b = 2")
    cells = build_job(run).handout
    assert [cell.binds for cell in cells] == [(), ("b",)]


def test_a_job_holds_no_name_and_no_address(run: GradingRun) -> None:
    author = run.work.author
    text = repr(build_job(run))
    for secret in (author.email, author.last_name, author.login, "http", "redis"):
        assert secret not in text


def test_two_tries_of_a_run_are_two_jobs(run: GradingRun) -> None:
    first = build_job(run).job_id
    run.lease_token += 1
    assert build_job(run).job_id != first


def damage(sha256: str) -> None:
    path = blob_path(sha256)
    path.chmod(0o640)
    path.write_bytes(b"damaged")


@pytest.mark.parametrize("what", ["notebook", "tests", "private"])
def test_damaged_content_stops_the_job(run: GradingRun, what: str) -> None:
    unique: dict[str, Any] = {"text": f"# {run.pk}\n"}
    private = RevisionFileFactory.create(
        revision=run.revision, part=Part.PRIVATE, name="l.txt", **unique
    )
    hashes = {
        "notebook": run.work.files.get().sha256,
        "tests": run.revision.files.get(part=Part.TESTS).sha256,
        "private": private.sha256,
    }
    path = blob_path(hashes[what])
    sound = path.read_bytes()
    damage(hashes[what])
    try:
        with pytest.raises(BlobMissingError):
            build_job(run)
    finally:
        path.write_bytes(sound)


def test_a_question_without_tests_stops_the_job(run: GradingRun) -> None:
    run.revision.files.all().delete()
    with pytest.raises(IncompleteRevisionError):
        build_job(run)


def test_a_submission_without_a_notebook_stops_the_job(run: GradingRun) -> None:
    run.work.files.all().delete()
    with pytest.raises(IncompleteRevisionError):
        build_job(run)


def test_checks_that_stay_hidden_longer_have_a_higher_secrecy(
    run: GradingRun,
) -> None:
    """Checks of a higher secrecy are asked later, and "never" is the highest."""
    shown = ("never", "after_release", "always", "after_deadline")
    checks = [{"name": one, "visibility": one} for one in shown]
    QuestionFactory.create(revision=run.revision, key="q9", checks=checks)
    tests = Part.TESTS
    RevisionFileFactory.create(revision=run.revision, part=tests, name="q9.py")
    (asked,) = (one for one in build_job(run).questions if one.key == "q9")
    in_order = sorted(asked.checks, key=lambda check: check.secrecy)
    assert len({check.secrecy for check in in_order}) == 4
    assert [check.name for check in in_order] == [
        *("always", "after_deadline", "after_release", "never"),
    ]
