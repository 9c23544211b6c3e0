"""Makes the PDFs that examples/deep-learning/course.yaml names.

Run it from the top of the repository after a change of the course file:

    python -m examples.sheets

They are PDFs that stand in for a real course's notes and sheets; its notebooks are
real, and written by hand. The same course file always gives the same bytes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

EXAMPLE = Path(__file__).parent / "deep-learning"

_PAGE = (
    "BT /F1 22 Tf 72 740 Td ({title}) Tj /F2 12 Tf 0 -30 Td ({course}) Tj "
    "0 -40 Td ({words}) Tj ET"
)
_WORDS = "This page stands in for the real one: it comes with the example."


def pdf_page(*, title: str, course: str) -> bytes:
    """Return a PDF of one page that says what would be here."""
    content = _PAGE.format(
        title=_escaped(title), course=_escaped(course), words=_escaped(_WORDS)
    ).encode("cp1252", "replace")
    fonts = "".join(
        f"/F{number} << /Type /Font /Subtype /Type1 /BaseFont /{name} "
        "/Encoding /WinAnsiEncoding >> "
        for number, name in ((1, "Helvetica-Bold"), (2, "Helvetica"))
    )
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << " + fonts.encode() + b">> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    )
    return _assembled(objects)


def _escaped(text: str) -> str:
    for character in "\\()":
        text = text.replace(character, "\\" + character)
    return text


def _assembled(objects: tuple[bytes, ...]) -> bytes:
    document = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return document + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (count, table, count, len(document))
    )


# --- All of them ----------------------------------------------------------------------


def sheets() -> Iterator[tuple[Path, bytes]]:
    """Return every PDF that the course file names, with its content."""
    course = yaml.safe_load((EXAMPLE / "course.yaml").read_text(encoding="utf-8"))
    name = f"{'/'.join(course['course']['module_codes'])} {course['course']['title']}"
    for item in _items(course):
        title = f"{item.get('code', '')} {item['title']}".strip()
        parts = [(title, item)] + [
            (f"{title}: {attachment['label']}", attachment)
            for attachment in item.get("attachments", ())
        ]
        for words, part in parts:
            path = EXAMPLE / part.get("file", "")
            if path.suffix == ".pdf":
                yield path, pdf_page(title=words, course=name)


def _items(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping with a key: sessions, and materials wherever they stand."""
    if isinstance(value, list):
        for entry in value:
            yield from _items(entry)
    elif isinstance(value, dict):
        if "key" in value and "title" in value:
            yield value
        for entry in value.values():
            yield from _items(entry)


def main() -> None:
    """Write all of it."""
    for path, content in sheets():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
