"""A notebook as HTML that is safe to show: its text, code and stored outputs.

Nothing of it is executed. Markdown and code take the same way as every other text of
the portal, and whatever HTML an output holds is cleaned as strictly.
"""

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import nbformat
import nh3
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers.python import PythonLexer

from portal.markdown import ATTRIBUTES, HTML_TAGS, render_markdown

MAX_BYTES: Final = 20 * 1024**2
MAX_CELLS: Final = 1000
# Of all cells together, in characters: what is beyond is shown as plain text.
MAX_STYLED: Final = 300_000
# Of one output; what is longer is cut, with a word about it.
MAX_TEXT: Final = 20_000
MAX_IMAGE: Final = 4 * 1024**2
FORMAT: Final = 4
IMAGES: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")
_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_lexer = PythonLexer()
_formatter = HtmlFormatter(nowrap=True, classprefix="hl-")


class NotebookUnreadableError(Exception):
    """The file is no notebook that can be shown; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Output:
    """Something that a cell left. `kind` is text, error, image or html."""

    kind: str
    html: SafeString


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell. `kind` is markdown, code or raw; `number` is its execution count."""

    kind: str
    html: SafeString
    number: int | None = None
    outputs: Sequence[Output] = ()


def read_cells(data: bytes) -> list[Cell]:
    """Return the cells of a notebook file of at most 20 MB, format 3 or 4.

    Raises NotebookUnreadableError, with words for the reader.
    """
    notebook = _load(data)
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise NotebookUnreadableError("The file holds no cells.")
    shown, styled = [], 0
    for cell in cells[:MAX_CELLS]:
        if isinstance(cell, dict):
            source = _text(cell.get("source"))
            styled += len(source)
            shown.append(_cell(cell, source, is_styled=styled <= MAX_STYLED))
    if len(cells) > MAX_CELLS:
        more = format_html(
            "<p>{} more cells are not shown.</p>", len(cells) - MAX_CELLS
        )
        shown.append(Cell(kind="raw", html=more))
    return shown


def _load(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise NotebookUnreadableError("It is larger than 20 MB.")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise NotebookUnreadableError("The file is not JSON text.") from None
    if not isinstance(notebook, dict):
        raise NotebookUnreadableError("The file holds no cells.")
    if "worksheets" in notebook:
        return _upgraded(notebook)
    return notebook


def _upgraded(notebook: dict[str, Any]) -> dict[str, Any]:
    """A notebook of format 3 as one of format 4."""
    library: Any = nbformat  # which has few types
    try:
        converted = library.convert(library.from_dict(notebook), FORMAT)
    except Exception as error:
        raise NotebookUnreadableError(
            "It is of an old format, and cannot be converted."
        ) from error
    return dict(converted)


def _cell(cell: dict[str, Any], source: str, *, is_styled: bool) -> Cell:
    kind = cell.get("cell_type")
    if kind == "markdown" and is_styled:
        return Cell(kind="markdown", html=render_markdown(source))
    if kind != "code":
        return Cell(kind="raw", html=escape(source))
    number, outputs = cell.get("execution_count"), cell.get("outputs")
    return Cell(
        kind="code",
        html=_highlighted(source) if is_styled else escape(source),
        number=number if isinstance(number, int) else None,
        outputs=list(_outputs(outputs if isinstance(outputs, list) else [])),
    )


def _highlighted(source: str) -> SafeString:
    return mark_safe(highlight(source, _lexer, _formatter))  # noqa: S308  it escapes


def _text(value: Any) -> str:
    """A multi-line string, written whole or as a list of lines."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _outputs(outputs: list[Any]) -> Iterator[Output]:
    for output in outputs:
        if not isinstance(output, dict):
            continue
        kind = output.get("output_type")
        if kind == "stream":
            yield Output(kind="text", html=_plain(_text(output.get("text"))))
        elif kind == "error":
            traceback = output.get("traceback")
            lines = traceback if isinstance(traceback, list) else []
            yield Output(kind="error", html=_plain("\n".join(map(_text, lines))))
        elif isinstance(output.get("data"), dict):
            yield from _shown(output["data"])


def _shown(data: dict[str, Any]) -> Iterator[Output]:
    """The richest form of a result that can be shown safely, if there is any."""
    for kind in IMAGES:
        image = _image(kind, _text(data.get(kind)))
        if image is not None:
            yield image
            return
    if "text/markdown" in data:
        markdown = _text(data["text/markdown"])[:MAX_TEXT]
        yield Output(kind="html", html=render_markdown(markdown))
    elif "text/html" in data:
        yield Output(kind="html", html=_cleaned(_text(data["text/html"])))
    elif "text/latex" in data:
        latex = _text(data["text/latex"])[:MAX_TEXT]
        yield Output(kind="html", html=render_markdown(latex))
    elif "text/plain" in data:
        yield Output(kind="text", html=_plain(_text(data["text/plain"])))


def _image(kind: str, encoded: str) -> Output | None:
    encoded = "".join(encoded.split())
    if not encoded or len(encoded) > MAX_IMAGE:
        return None
    try:
        b64decode(encoded, validate=True)
    except (Base64Error, ValueError):
        return None
    return Output(
        kind="image",
        html=format_html('<img src="data:{};base64,{}" alt="Output">', kind, encoded),
    )


def _plain(text: str) -> SafeString:
    """Text without the codes of a terminal; of a line that was overwritten, the end."""
    text = _CONTROL.sub("", _ANSI.sub("", text.replace("\r\n", "\n")))
    text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}\n… {len(text) - MAX_TEXT} more characters"
    return escape(text)


def _cleaned(html: str) -> SafeString:
    """Tables and text of a result; no style, script, form, or address elsewhere."""
    if len(html) > 10 * MAX_TEXT:
        return escape("This output is too long to be shown.")
    clean = nh3.clean(
        html,
        tags=set(HTML_TAGS - {"img"}),
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    clean = clean.replace("<table>", '<div class="scroll" tabindex="0"><table>')
    return mark_safe(clean.replace("</table>", "</table></div>"))  # noqa: S308  cleaned
