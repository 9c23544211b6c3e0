"""Take a student's name out of their notebook, for anonymous marking.

This module uses no database.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape, unescape
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from accounts.models import User

# What stands where a name was.
HIDDEN: Final = "[name]"
# Shorter parts of names are parts of too many other words.
_SHORTEST: Final = 3
# A part of a name that is this long is hidden in small letters too, as in file names.
_LONG: Final = 6
# The folder of a person on Linux, macOS and Windows. In JSON text, "\" is doubled.
_FOLDER: Final = re.compile(
    r"((?:/home/|/Users/|[A-Za-z]:\\{1,2}Users\\{1,2}))[^/\\\s\"'<>:]+", re.IGNORECASE
)
_KEPT_METADATA: Final = ("softmark", "nbgrader", "otter", "tags")
_IMAGE: Final = "image/"
# The texts of a page's HTML.
_TEXT: Final = re.compile(
    r">[^<>]+<|(?:title|alt|href|src|value|placeholder|content|aria-label)=\"[^\"]*\""
)
_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")


@dataclass(frozen=True, kw_only=True)
class StudentWords:
    """What tells who a student is: names, login and address."""

    first_name: str = ""
    last_name: str = ""
    login: str = ""
    email: str = ""

    @classmethod
    def of(cls, student: "User") -> Self:
        """Return what tells who this person is."""
        return cls(
            first_name=student.first_name,
            last_name=student.last_name,
            login=student.login,
            email=student.email,
        )

    def hidden_in(self, text: str) -> str:
        """Return the text without the student's names and the folders of any person.

        Common words that are also part of the name are hidden too.
        """
        # One letter may be written as one character or as two.
        text = unicodedata.normalize("NFC", text)
        text = _FOLDER.sub(rf"\g<1>{HIDDEN}", text)
        for pattern in self._patterns:
            text = pattern.sub(HIDDEN, text)
        return text

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        first, last, login, email = (
            unicodedata.normalize("NFC", each.strip())
            for each in (self.first_name, self.last_name, self.login, self.email)
        )
        whole = [email, email.partition("@")[0], login]
        if first and last:
            for one, other in ((first, last), (last, first)):
                whole += [
                    f"{one}{between}{other}" for between in (" ", ", ", "_", "-", "%20")
                ]
                whole += [f"{one}{other}", f"{one}.{other}"]
        parts = [part for name in (first, last) for part in re.split(r"[\s-]+", name)]
        parts += [part.upper() for part in parts]
        parts += [part.lower() for part in parts if len(part) >= _LONG]
        found = (_pattern(whole, re.IGNORECASE), _pattern(parts, re.NOFLAG))
        return tuple(pattern for pattern in found if pattern)


def html_without_names(html: str, words: StudentWords) -> str:
    """Return a page's HTML without the student's names in its texts.

    Texts are those between tags, and the values of attributes that people read or that
    lead to a file. Names of tags and classes stay as they are.
    """
    return _TEXT.sub(lambda found: _text_without_names(found[0], words), html)


def _text_without_names(text: str, words: StudentWords) -> str:
    shown = unescape(text)
    hidden = words.hidden_in(shown)
    if hidden == unicodedata.normalize("NFC", shown):
        return text
    first, last = (
        (text[0], text[-1]) if text[0] == ">" else (text[: text.index('"') + 1], '"')
    )
    return first + escape(hidden[len(first) : -1]) + last


def cells_without_names(
    cells: Sequence[Mapping[str, Any]], words: StudentWords, *, keeps_images: bool
) -> list[dict[str, Any]]:
    """Return stored cells without names in their text and their outputs' text.

    Metadata is left out, but for what says which question a cell belongs to. Images
    are kept if the portal has made them: those of a student's machine may say whose
    they are.
    """
    return [_without_names(cell, words, keeps_images=keeps_images) for cell in cells]


def _without_names(
    cell: Mapping[str, Any], words: StudentWords, *, keeps_images: bool
) -> dict[str, Any]:
    metadata, outputs = cell.get("metadata"), cell.get("outputs")
    given = metadata if isinstance(metadata, dict) else {}
    found = {
        **cell,
        "source": _hidden(cell.get("source"), words),
        "metadata": {name: given[name] for name in _KEPT_METADATA if name in given},
    }
    found.pop("attachments", None)
    if isinstance(outputs, list):
        found["outputs"] = [
            _output(each, words, keeps_images=keeps_images)
            for each in outputs
            if isinstance(each, dict)
        ]
    return found


def _output(
    output: Mapping[str, Any], words: StudentWords, *, keeps_images: bool
) -> dict[str, Any]:
    found = {
        name: _hidden(value, words)
        for name, value in output.items()
        if name in ("output_type", "name", "text")
    }
    if "traceback" in output:
        found["traceback"] = _traceback(output["traceback"], words)
    data = output.get("data")
    if isinstance(data, dict):
        found["data"] = {
            kind: value if str(kind).startswith(_IMAGE) else _hidden(value, words)
            for kind, value in data.items()
            if keeps_images or not str(kind).startswith(_IMAGE)
        }
    return found


def _hidden(value: Any, words: StudentWords) -> Any:
    """Return a text, or the text of a list of its parts, without names."""
    if isinstance(value, list):
        value = "".join(each for each in value if isinstance(each, str))
    if isinstance(value, str):
        # The code of a colour ends in a letter, which a name may follow.
        return words.hidden_in(_ANSI.sub("", value))
    return None if isinstance(value, dict) else value


def _traceback(value: Any, words: StudentWords) -> list[str]:
    parts = value if isinstance(value, list) else []
    text = "\n".join(each for each in parts if isinstance(each, str))
    return [str(_hidden(text, words))]


def _pattern(words: Iterable[str], flags: re.RegexFlag) -> re.Pattern[str] | None:
    """Return what matches any of these words, the longest first, or None."""
    found = {each for each in words if len(each) >= _SHORTEST}
    if not found:
        return None
    longest_first = sorted(found, key=lambda each: (-len(each), each))
    either = "|".join(map(re.escape, longest_first))
    # An underscore ends a word, as in the names of files. So do the escapes of source
    # text and of addresses, as in "By:\tAnna" and "By%20Anna".
    before = r"(?:(?<![^\W_])|(?<=\\[abfnrtv])|(?<=%[0-9A-Fa-f]{2}))"
    return re.compile(rf"{before}(?:{either})(?![^\W_])", flags)
