"""Rows 40 to 56: handed-in files are checked in bounded time and never unpacked."""

import io
import json
import time
from pathlib import Path
from typing import Final, NoReturn

import pytest

from formats.notebook.normalise import readable_notebook
from formats.submission_words import clean_file_name
from runner.host.runner import Runner
from runner.protocol.jobs import JobFile, Verdict
from runner.protocol.notebook import LanguageError, UnreadableError, read_notebook
from submissions.file_checks import FileRule, check_file
from submissions.intake import check_files
from tests.factories import AssignmentFactory
from tests.runner.corpus.attack import MIB, Upload
from tests.runner.corpus.attacks.uploads_archives import ARCHIVES
from tests.runner.corpus.attacks.uploads_notebooks import NOTEBOOKS
from tests.runner.corpus.attacks.uploads_weights import WEIGHTS
from tests.runner.corpus.measuring import forget_peak, peak_bytes
from tests.runner.notebooks import job
from tests.submissions.builders import incoming

# Of CPU time: a busy machine may take longer.
_MOST_SECONDS: Final = 5.0
_MOST_BYTES: Final = 200 * MIB


def codes_of(data: bytes, upload: Upload) -> list[str]:
    """Return the codes of the file's problems."""
    rule = FileRule(name=upload.file_name, kind=upload.kind, max_bytes=upload.max_bytes)
    return [one.code for one in check_file(io.BytesIO(data), rule).problems]


def refuse(text: str) -> NoReturn:
    raise AssertionError(f"{text} is no JSON")


@pytest.mark.parametrize(
    "upload", [*ARCHIVES, *NOTEBOOKS, *WEIGHTS], ids=lambda u: u.id
)
def test_hostile_file_is_refused_or_made_harmless(upload: Upload) -> None:
    data = upload.data()
    before, begun = forget_peak(), time.process_time()
    assert codes_of(data, upload) == ([upload.expect] if upload.expect else [])
    assert time.process_time() - begun < _MOST_SECONDS
    assert peak_bytes() - before < _MOST_BYTES
    if upload.kind == "notebook" and upload.expect is None:
        assert_harmless(readable_notebook(data))
    assert codes_of(upload.control(), upload) == []


def assert_harmless(text: str) -> None:
    """Assert that the notebook is valid, without outputs, and can be stored."""
    assert "\0" not in text
    document = json.loads(text.encode(), parse_constant=refuse)
    for cell in document["cells"]:
        assert cell.get("outputs", []) == []
        assert cell["id"].replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "upload", [one for one in NOTEBOOKS if one.expect], ids=lambda u: u.id
)
def test_runner_is_safe_with_a_hostile_notebook_too(upload: Upload) -> None:
    """It reads the portal's copy, but the original would not harm it either."""
    text = upload.data().decode(errors="surrogateescape")
    begun = time.process_time()
    try:
        notebook = read_notebook(job(notebook=text))
    except (UnreadableError, LanguageError):
        return
    finally:
        assert time.process_time() - begun < _MOST_SECONDS
    json.loads(notebook.to_json(), parse_constant=refuse)


NAMES: Final = {
    "upwards": "../work.ipynb",
    "absolute": "/etc/work.ipynb",
    "backslash": "..\\work.ipynb",
    "drive": "C:work.ipynb",
    "nul": "work.ipynb\0",
    "newline": "work.ipynb\r\nX-Header: 1",
    "other-case": "WORK.IPYNB",
    "dot-behind": "work.ipynb.",
    "space-behind": "work.ipynb ",
    "look-alike": "w\u043erk.ipynb",
    "turned-round": "work\u202ebnypi",
    "device": "CON",
    "not-utf-8": "work\udcff.ipynb",
    "formula": '=HYPERLINK("http://192.0.2.1")',
    "markup": "<script>alert(1)</script>",
    "long": "w" * 5000,
    "folder": "work.ipynb/",
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_only_files_with_a_required_name_are_accepted(name: str) -> None:
    revision = AssignmentFactory.create().revision
    assert revision is not None
    found = check_files([incoming(name=name)], revision)
    assert {one.code for one in found.problems} == {"file_missing", "file_unexpected"}
    assert check_files([incoming()], revision).problems == ()


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_file_s_original_name_is_one_visible_line(name: str) -> None:
    kept = clean_file_name(name)
    assert len(kept) <= 255
    assert kept.isprintable()
    assert not {"/", "\\", "\0", "\n"} & set(kept)


@pytest.mark.torch
@pytest.mark.parametrize("name", ["../left", "/tmp/softmark-left", "a/../../left", ""])  # noqa: S108 - what is refused
def test_no_file_name_leads_out_of_the_jobs_folder(
    runner: Runner, name: str, tmp_path: Path
) -> None:
    """It is our fault, since the portal requires no such name; nothing is written."""
    (tmp_path / "data").write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    file = JobFile(name=name, path=str(tmp_path / "data"), sha256=empty, size=0)
    result = runner.run(job("1", files=(file,)))
    assert (result.verdict, result.code) == (Verdict.PLATFORM, "file_missing")
    assert not Path("/tmp/softmark-left").exists()  # noqa: S108 - what is refused
