"""The check of files before they are sent."""

import json
from pathlib import Path

import pytest

from command_runner import Softmark
from fake_portal import FakePortal, notebook, required, safetensors, write
from softmark_cli.chosen_files import choose_files, split_mapping
from softmark_cli.notebook_reads import missing_files
from softmark_cli.portal_rows import RequiredFile

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n"


def codes(
    done_json: dict[str, dict[str, list[dict[str, str]]]],
) -> set[tuple[str, str]]:
    """Return the code and the file of each problem."""
    return {(f["code"], f["file"]) for f in done_json["error"]["findings"]}


def test_good_files_pass(
    signed_in: Softmark, portal: FakePortal, tmp_path: Path
) -> None:
    write(Path(), work_ipynb=notebook("1"), digits_safetensors=safetensors(9))
    done = signed_in("check", "cw1")
    assert done.code == 0, done.err
    assert "✓ work.ipynb" in done.out
    assert portal.paths("POST") == []


def test_all_problems_are_listed_at_once(
    signed_in: Softmark, portal: FakePortal
) -> None:
    portal.required += [required("b.pt", "state_dict"), required("c.txt", "other")]
    write(Path(), work_ipynb=b'{"cells": [', digits_safetensors=LFS)
    write(Path(), b_pt=b"<html>Sign in", notes_md=b"x")
    done = signed_in("check", "dl/cw1", ".", "notes.md", "--json")
    assert done.code == 4
    assert codes(done.json) == {
        ("notebook_json", "work.ipynb"),
        ("lfs_pointer", "digits.safetensors"),
        ("wrong_kind", "b.pt"),
        ("file_missing", "c.txt"),
        ("file_unexpected", ""),
    }


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("pdf", b"%PDF-1.7"),
        ("png", b"\x89PNG\r\n\x1a\n"),
        ("jpeg", b"\xff\xd8\xff"),
        ("zip", b"PK\x03\x04"),
    ],
)
def test_documents_are_known_by_their_first_bytes(
    signed_in: Softmark, portal: FakePortal, kind: str, content: bytes
) -> None:
    portal.required = [required("report.pdf", kind)]
    write(Path(), report_pdf=content)
    assert signed_in("check", "cw1").code == 0
    write(Path(), report_pdf=b"Dear marker")
    done = signed_in("check", "cw1", "--json")
    assert codes(done.json) == {("wrong_kind", "report.pdf")}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"[1]", "notebook_not_one"),
        (b"\xff\xfe{}", "notebook_encoding"),
        (b"[" * 100_000, "notebook_json"),
        (b"0" * (41 * 1024**2), "file_too_large"),
    ],
    ids=["empty", "no notebook", "UTF-16", "deep", "large"],
)
def test_a_notebook_that_would_be_refused(
    signed_in: Softmark, portal: FakePortal, content: bytes, code: str
) -> None:
    write(Path(), work_ipynb=content)
    done = signed_in("check", "1", "--json")
    assert codes(done.json) == {(code, "work.ipynb")}


def test_weights_that_were_cut_are_found(
    signed_in: Softmark, portal: FakePortal
) -> None:
    whole = safetensors(100)
    for content in (whole[:-1], whole + b"\0", whole[:20], b"\0" * 9, b"x"):
        write(Path(), work_ipynb=notebook(), digits_safetensors=content)
        done = signed_in("check", "cw1", "--json")
        assert codes(done.json) == {("safetensors_header", "digits.safetensors")}


def test_files_that_are_opened_and_missing_are_warned_of(
    signed_in: Softmark, portal: FakePortal
) -> None:
    source = "pd.read_csv('train.csv'); load_file('digits.safetensors')"
    write(Path(), work_ipynb=notebook(source))
    done = signed_in("check", "cw1", "--json")
    assert done.code == 0
    (warning,) = done.json["warnings"]
    assert "digits.safetensors" in warning["message"]
    assert "Hand it in too" in warning["hint"]


def test_the_portal_runs_files_that_pass(
    signed_in: Softmark, portal: FakePortal
) -> None:
    write(Path(), work_ipynb=b"{")
    assert signed_in("check", "cw1", "--run").code == 4
    assert portal.checked == []
    write(Path(), work_ipynb=notebook("1"))
    done = signed_in("check", "cw1", "--run")
    assert done.code == 0, done.err
    assert b'name="work.ipynb"' in portal.checked[0]
    assert notebook("1") in portal.checked[0]
    assert b'name="assignment"' in portal.checked[0]
    assert "1.00 of 2.00 points" in done.out
    assert "Checks left: 3 of 5" in done.err
    assert signed_in("check", "cw1", "--run", "--json").json["check"]["verdict"]


def test_large_files_are_sent_once_and_handed_in_from_there(
    signed_in: Softmark, portal: FakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("softmark_cli.commands.check.SMALL", 100)
    write(Path(), work_ipynb=notebook("1"), digits_safetensors=safetensors(90))
    done = signed_in("check", "cw1", "--run")
    assert done.code == 0, done.err
    assert portal.opened is not None
    assert not portal.opened["is_declared"]
    assert "opened-attempts/attempt-1/check/" in portal.paths("POST")
    sent = portal.paths("PATCH")
    assert signed_in("submit", "cw1", "--yes").code == 0
    assert portal.opened["is_declared"]
    assert portal.paths("PATCH") == sent
    write(Path(), work_ipynb=notebook("2"))
    portal.opened["submission"] = None
    assert signed_in("check", "cw1", "--run").code == 4
    assert signed_in("check", "cw1", "--run", "--replace").code == 0


def test_a_portal_that_runs_no_checks_says_so(
    signed_in: Softmark, portal: FakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakePortal, "on_self_checks", None)
    write(Path(), work_ipynb=notebook("1"))
    done = signed_in("check", "cw1", "--run")
    assert done.code == 5
    assert "does not run checks" in done.err


@pytest.mark.parametrize(
    ("sources", "missing"),
    [
        (["open('a.txt').read()"], ["a.txt"]),
        (["np.load('./d/a.npy')"], ["d/a.npy"]),
        (["NAME = 'a.pt'", "torch.load(NAME)"], ["a.pt"]),
        (["Path('a.csv').read_text()"], ["a.csv"]),
        (["%pip list\n!ls\nopen('a.txt')"], ["a.txt"]),
        (["%%time\nopen('a.txt')"], ["a.txt"]),
        (["with Path('a.txt').open() as f: pass"], ["a.txt"]),
        (["open('a.txt', 'w')", "open('a.txt')"], []),
        (["torch.save(m, 'a.pt')", "torch.load('a.pt')"], []),
        (["%%writefile a.py\nx = 1", "open('a.py')"], []),
        (["%%bash\ncat a.txt"], []),
        (["try:\n    open('a.txt')\nexcept OSError:\n    pass"], []),
        (["if os.path.exists('a.txt'):\n    open('a.txt')"], []),
        (["pd.read_csv('https://x.example/a.csv')"], []),
        (["spacy.load('en_core_web_sm')"], []),
        (["open(f'{x}.txt'); open(name); open('*.txt')"], []),
        (["this is not Python"], []),
    ],
)
def test_opened_files_are_found_in_the_code(
    sources: list[str], missing: list[str]
) -> None:
    found = json.loads(notebook(*sources))
    assert missing_files(found, {"present.txt"}) == missing


def test_what_is_no_notebook_opens_nothing() -> None:
    values: list[object] = [[], {"cells": 1}, {"cells": [1, {"cell_type": "code"}]}, 1]
    for value in values:
        assert missing_files(value, ()) == []


# --- Which file is for which name ------------------------------------------------


def rules(*names: str) -> list[RequiredFile]:
    return [
        RequiredFile(name=name, kind="other", max_bytes=9, is_optional=False)
        for name in names
    ]


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        (["b.ipynb", "a.pt"], {"a.ipynb": "b.ipynb", "a.pt": "a.pt"}),
        (["A.IPYNB", "a.pt"], {"a.ipynb": "A.IPYNB", "a.pt": "a.pt"}),
        (["a.pt=x.bin", "b.ipynb"], {"a.ipynb": "b.ipynb", "a.pt": "x.bin"}),
        (["x=1.ipynb", "a.pt"], {"a.ipynb": "x=1.ipynb", "a.pt": "a.pt"}),
    ],
)
def test_files_go_to_their_names(given: list[str], chosen: dict[str, str]) -> None:
    found, problems = choose_files(given, rules("a.ipynb", "a.pt"), Path())
    assert {each.name: str(each.path) for each in found} == chosen
    assert problems == []


def test_a_second_file_of_a_kind_is_no_guess() -> None:
    found, problems = choose_files(
        ["my.pt", "a.pt", "a.pt=z.pt"], rules("a.pt", "b.pt"), Path()
    )
    chosen = {each.name: str(each.path) for each in found}
    assert chosen == {"a.pt": "z.pt", "b.pt": "my.pt"}
    assert [each.code for each in problems] == ["file_duplicated"]


def test_paths_of_windows_may_have_a_name_before_them() -> None:
    name, path = split_mapping("a.pt=C:\\Users\\sam\\my a=b.pt", {"a.pt"})
    assert (name, str(path)) == ("a.pt", "C:\\Users\\sam\\my a=b.pt")
    assert split_mapping("C:\\x=y.pt", {"a.pt"})[0] == ""
