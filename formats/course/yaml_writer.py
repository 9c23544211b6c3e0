"""Write YAML in one fixed form, so that the same values always give the same bytes.

Texts of several lines are blocks, short lists are on one line, and text that YAML could
read as a number, a time or a boolean is in quotes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

import yaml

Value = str | bool | int | Decimal | Sequence["Value"] | Mapping[str, "Value"]

_STEP: Final = "  "
_STR: Final = "tag:yaml.org,2002:str"
_FIGURES: Final = re.compile(r"[\d:._+-]+")
# Characters that PyYAML reads unchanged, without any line break.
_SHOWN: Final = re.compile(
    "[\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)
_RESOLVER: Final = yaml.resolver.Resolver()


def dump(document: Mapping[str, Value], *, spaced: str = "") -> str:
    """Return the document's text. Empty lines separate the entries of list `spaced`."""
    lines: list[str] = []
    for key, value in document.items():
        if lines:
            lines.append("")
        lines += _entry(key, value, "", apart=key == spaced)
    return "\n".join(lines) + "\n"


def _entry(
    key: str, value: Value, indent: str, *, apart: bool = False
) -> Iterator[str]:
    head = f"{indent}{_scalar(key)}:"
    if isinstance(value, Mapping):
        yield head
        for name, inner in value.items():
            yield from _entry(name, inner, indent + _STEP)
    elif isinstance(value, str) and _is_block(value):
        yield f"{head} |"
        for line in value.split("\n"):
            yield f"{indent}{_STEP}{line}" if line else ""
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield from _list(head, value, indent + _STEP, apart=apart)
    else:
        yield f"{head} {_scalar(value)}"


def _list(
    head: str, items: Sequence[Value], indent: str, *, apart: bool
) -> Iterator[str]:
    if not any(isinstance(item, Mapping) for item in items):
        yield f"{head} [{', '.join(_scalar(item, is_inner=True) for item in items)}]"
        return
    yield head
    for number, item in enumerate(items):
        if apart and number:
            yield ""
        assert isinstance(item, Mapping)  # noqa: S101  lists are of one kind
        lines = [
            line
            for key, value in item.items()
            for line in _entry(key, value, indent + _STEP)
        ]
        lines[0] = f"{indent}- {lines[0].lstrip(' ')}"
        yield from lines


def _scalar(value: Value, *, is_inner: bool = False) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = str(value)
    return text if _is_plain(text, is_inner=is_inner) else _quoted(text)


def _is_plain(text: str, *, is_inner: bool) -> bool:
    """Return whether every YAML reader reads the unquoted text as this text."""
    if not text or not text[0].isalnum() or text != text.strip():
        return False
    if not _SHOWN.fullmatch(text) or any(mark in text for mark in (": ", " #", "\t")):
        return False
    if text.endswith(":") or (is_inner and any(mark in text for mark in ",[]{}:?")):
        return False
    return not _is_number(text) and _resolved(text) == _STR


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return bool(_FIGURES.fullmatch(text))
    return True


def _resolved(text: str) -> str:
    tag = _RESOLVER.resolve(  # type: ignore[no-untyped-call]
        yaml.ScalarNode, text, (True, False)
    )
    return str(tag)


def _is_block(text: str) -> bool:
    lines = text.split("\n")
    return (
        len(lines) > 1
        and text == text.strip()
        and all(_SHOWN.fullmatch(line) for line in lines)
    )


def _quoted(text: str) -> str:
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character == "\n":
        return "\\n"
    if character != "\t" and _SHOWN.fullmatch(character):
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004
