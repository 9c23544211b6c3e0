"""Receipts as text: what is signed, what copying may change, and what it may not."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from formats.receipt_text import (
    BEGIN,
    FIRST_LINE,
    UnreadableReceiptError,
    is_genuine,
    key_name,
    public_pem,
    read_receipt,
    receipt_text,
    signed,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
LINES = (("Student", "zoë12"), ("Attempt", "2"), ("File", "my work.ipynb"))
RECEIPT = signed(receipt_text(LINES), KEY)
DOCS = Path(__file__).resolve().parents[2] / "docs" / "operating.md"


def verdict(text: str) -> bool:
    return is_genuine(read_receipt(text), PUBLIC)


def test_a_receipt_is_read_as_it_was_written() -> None:
    found = read_receipt(RECEIPT)
    assert found.lines == LINES
    assert found.key_name == key_name(PUBLIC)
    assert verdict(RECEIPT)


@pytest.mark.parametrize(
    "copy",
    [
        RECEIPT.replace("\n", "\r\n"),
        RECEIPT.replace("\n", "  \n"),
        f"\ufeff{RECEIPT}",
        f"Dear Zoë,\n\n{RECEIPT}\nDeep Learning 2026-27\n",
        RECEIPT.rstrip("\n"),
    ],
)
def test_what_mails_and_forms_do_to_a_text_does_no_harm(copy: str) -> None:
    assert verdict(copy)


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("Attempt: 2", "Attempt: 3"),
        ("Attempt: 2\n", ""),
        ("Attempt: 2", "Attempt:  2"),
        ("Attempt: 2\nFile", "File"),
        ("zoë12", "zoe12"),
        (BEGIN, f"State: on time\n{BEGIN}"),
    ],
)
def test_any_other_change_is_found(part: str, other: str) -> None:
    changed = RECEIPT.replace(part, other)
    assert changed != RECEIPT
    assert not verdict(changed)
    assert not is_genuine(read_receipt(RECEIPT), bytes(32))


def test_no_title_imitates_a_line() -> None:
    """Line separators of Unicode, tabs and marks of direction become spaces."""
    title = f"CNN\nState: on time\u2028State: x\x85\u202e{BEGIN}\r\x00end"
    text = receipt_text([("Coursework", title)])
    assert text.splitlines() == [
        FIRST_LINE,
        f"Coursework: CNN State: on time State: x {BEGIN} end",
    ]
    assert verdict(signed(text, KEY))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no line"),
        (RECEIPT.replace(FIRST_LINE, "Receipt"), "has no line"),
        (RECEIPT * 2, "several receipts"),
        (RECEIPT.replace("Key: ", "K: "), "not in their order"),
        (re.sub(r"\n[^\n]{24}\n-----END", "\n-----END", RECEIPT), "not complete"),
        (RECEIPT.replace(f"{BEGIN}\n", "") + BEGIN, "not in their order"),
    ],
)
def test_what_is_no_whole_receipt_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(UnreadableReceiptError, match=words):
        read_receipt(text)


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_openssl_verifies_it_as_the_manual_says(tmp_path: Path) -> None:
    (tmp_path / "receipt.txt").write_text(RECEIPT)
    (tmp_path / "key.pem").write_text(public_pem(PUBLIC))
    _, _, section = DOCS.read_text().partition("\n## Receipts\n")
    lines = re.findall(r"^\$ (.*)$", section.partition("\n## ")[0], re.MULTILINE)
    assert len(lines) == 3
    script = ["sh", "-ec", "\n".join(lines)]
    subprocess.run(script, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "receipt.txt").write_text(RECEIPT.replace("Attempt: 2", "Attempt: 1"))
    changed = subprocess.run(script, cwd=tmp_path, check=False, capture_output=True)
    assert changed.returncode != 0
