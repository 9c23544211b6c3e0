"""No name of the student is left in a notebook that is marked anonymously."""

import json
import unicodedata
from typing import Any

from grading.hidden_names import HIDDEN, StudentWords, cells_without_names

WORDS = StudentWords(
    first_name="Zoë-Ann",
    last_name="Quillfeather",
    login="zq17",
    email="z.quillfeather@example.org",
)


def test_names_login_address_and_folders_are_hidden() -> None:
    texts = (
        *("by Zoë-Ann Quillfeather", "Quillfeather, Zoë-Ann", "QUILLFEATHER"),
        *("zoë-ann_quillfeather.png", "Zq17", "zq17_final", "z.quillfeather"),
        *("mail z.quillfeather@example.org!", "/home/somebody/work", "Ann wrote this"),
        *("C:\\Users\\some\\x", "C:\\\\Users\\\\some\\\\x", "/Users/some/x.py"),
    )
    for text in texts:
        shown = WORDS.hidden_in(text)
        assert HIDDEN in shown, text
        for part in ("quill", "zq17", "zoë", "some"):
            assert part not in shown.casefold(), shown
    for text in ("The annotation zq170 stays.", "import quillfeathers", "/homework/x"):
        assert WORDS.hidden_in(text) == text


def test_names_after_an_escape_and_in_other_forms_are_hidden() -> None:
    texts = (
        *("print('By:\\tQuillfeather')", "print('By\\nZoë-Ann')", "a%20Quillfeather"),
        *("Zoë-Ann%20Quillfeather/a.csv", unicodedata.normalize("NFD", "Zoë-Ann_1")),
    )
    for text in texts:
        shown = WORDS.hidden_in(text)
        assert HIDDEN in shown, text
        for part in ("quill", "zoë"):
            assert part not in unicodedata.normalize("NFC", shown).casefold(), shown
    decomposed = StudentWords(last_name=unicodedata.normalize("NFD", "Müller"))
    assert decomposed.hidden_in("by Müller") == f"by {HIDDEN}"


def test_nobody_without_names_hides_common_text() -> None:
    assert StudentWords().hidden_in("Nothing to hide") == "Nothing to hide"
    assert StudentWords(first_name="Al", last_name="").hidden_in("Al") == "Al"


def test_outputs_and_metadata_are_without_names() -> None:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "one",
        "metadata": {
            "author": "Quillfeather",
            "tags": ["x"],
            "softmark": {"answer": "q"},
        },
        "attachments": {"Quillfeather.png": {"image/png": "AAAA"}},
        "source": ["# Quill", "feather\n"],
        "outputs": [
            {
                "output_type": "stream",
                "text": ["hi ", "zq17\n"],
                "metadata": {"zq17": 1},
            },
            {
                "output_type": "error",
                "ename": "zq17",
                "traceback": ["\x1b[0;31mQuillfeather\x1b[0m", "in /home/zq17/x"],
            },
            {
                "output_type": "display_data",
                "data": {
                    "image/png": "AAAA",
                    "text/plain": "Zoë-Ann",
                    "application/json": {"by": "Quillfeather"},
                },
            },
            "broken",
        ],
    }
    (kept,) = cells_without_names([cell], WORDS, keeps_images=True)
    shown = json.dumps(kept, ensure_ascii=False).casefold()
    for part in ("quillfeather", "zq17", "zoë"):
        assert part not in shown
    assert kept["metadata"] == {"tags": ["x"], "softmark": {"answer": "q"}}
    assert kept["outputs"][2]["data"]["image/png"] == "AAAA"
    (without,) = cells_without_names([cell], WORDS, keeps_images=False)
    assert "image/png" not in without["outputs"][2]["data"]
