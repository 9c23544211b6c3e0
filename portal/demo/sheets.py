"""Small files that stand in for a real course's notes, sheets and notebooks."""

import json

_PAGE = (
    "BT /F1 22 Tf 72 740 Td ({title}) Tj /F2 12 Tf 0 -30 Td ({course}) Tj "
    "0 -40 Td ({words}) Tj ET"
)
_WORDS = "This page stands in for the real one: it comes with the demo course."


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


def notebook(*, title: str) -> bytes:
    """Return a notebook of two cells that runs anywhere."""
    cells = [
        {
            "cell_type": "markdown",
            "id": "title",
            "metadata": {},
            "source": f"# {title}\n\n{_WORDS}",
        },
        {
            "cell_type": "code",
            "id": "first",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": "import torch\n\ntorch.arange(12).reshape(3, 4)",
        },
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1).encode()
