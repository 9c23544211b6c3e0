"""Documents that people read are known by their bytes, and refused in clear words."""

import io
import zipfile

import pytest

from tests.submissions.builders import check, codes, notebook_bytes

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20) + b"IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(20)


def zip_bytes(**members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members.items():
            # With a fixed time, so that each process names its tests alike.
            archive.writestr(zipfile.ZipInfo(name), data)
    return content.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PDF, "pdf"),
        (PNG, "png"),
        (JPEG, "jpeg"),
        (zip_bytes(a=b"1"), "zip"),
        ("Grüße\n".encode(), "text"),
        (b"import os\n", "text"),
        (b'{"a": 1}', "text"),
        (b"<p>Markdown has this</p>", "text"),
    ],
)
def test_whole_file_has_no_findings(data: bytes, kind: str) -> None:
    found = check(data, kind)
    assert (found.problems, found.warnings) == ((), ())


@pytest.mark.parametrize("kind", ["pdf", "png", "jpeg", "zip"])
@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 a .doc", "an office document"),
        (b"Dear marker, this is my report.", "plain text"),
        (notebook_bytes(), "a notebook"),
        (b"<!DOCTYPE html><html>Sign in</html>", "a web page (HTML)"),
    ],
)
def test_other_file_is_named_by_its_kind(kind: str, data: bytes, named: str) -> None:
    found = check(data, kind)
    assert codes(found) == ["wrong_kind"]
    assert named in found.problems[0].message
    assert found.problems[0].hint


def test_picture_of_another_format_is_refused_whatever_its_name() -> None:
    assert codes(check(JPEG, "png")) == ["wrong_kind"]
    assert "does not change its format" in check(PNG, "jpeg").problems[0].hint


@pytest.mark.parametrize(("data", "kind"), [(PDF[:30], "pdf"), (PNG[:20], "png")])
def test_file_that_ends_early_is_taken_with_a_warning(data: bytes, kind: str) -> None:
    found = check(data, kind)
    assert found.problems == ()
    assert [each.code for each in found.warnings] == ["document_cut_short"]


def test_zip_that_does_not_open_is_refused() -> None:
    whole = zip_bytes(a=b"1" * 100)
    assert codes(check(whole[:-30], "zip")) == ["zip_damaged"]
    assert codes(check(zip_bytes(), "zip")) == ["zip_empty"]


def test_zip_with_a_password_is_refused() -> None:
    data = bytearray(zip_bytes(a=b"1"))
    entry = data.index(b"PK\x01\x02")
    data[entry + 8] |= 1
    assert codes(check(bytes(data), "zip")) == ["zip_encrypted"]


@pytest.mark.parametrize(
    ("data", "byte", "line"),
    [
        (b"one\ntwo\xff", 7, 2),
        (b"one\n\0two", 4, 2),
        (b"a" * 70_000 + b"\n\xc3", 70_001, 2),
        (b"a" * 65_535 + b"\xc3\xc3", 65_535, 1),
        ("Grüße".encode("utf-16"), 0, 1),
    ],
)
def test_first_byte_that_is_not_text_is_named(
    data: bytes, byte: int, line: int
) -> None:
    (problem,) = check(data, "text").problems
    assert problem.code == "text_not_utf8"
    assert f"byte {byte}, on line {line}" in problem.message


def test_letter_across_two_pieces_is_text() -> None:
    assert not check(b"a" * 65_535 + "ü".encode(), "text").problems


def test_document_of_a_word_processor_is_no_text() -> None:
    assert codes(check(PDF, "text")) == ["wrong_kind"]
