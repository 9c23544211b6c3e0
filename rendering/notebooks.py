"""A notebook as HTML that is safe to show: its text, code and stored outputs.

Nothing in it is executed. Its Markdown and code are rendered like every other text of
the portal, and the HTML of an output is cleaned just as strictly.
"""

import hashlib
import json
import math
import re
import time
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import nh3
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from pygments.lexers.python import PythonLexer

from rendering.cache import RenderedTexts
from rendering.error_lines import CellLine, cell_lines
from rendering.highlighting import highlighted
from rendering.html_tags import is_nested_deeper, reopened_characters
from rendering.markdown import (
    ATTRIBUTES,
    HTML_TAGS,
    render_markdown,
    without_surrogates,
)

MAX_BYTES: Final = 20 * 1024**2
MAX_CELLS: Final = 1000
# The most characters of all cells and outputs together that are styled. The rest is
# plain text.
MAX_STYLED: Final = 300_000
# The most seconds of processor time for the classes of all code cells together.
MAX_SECONDS: Final = 5.0
# The most outputs of all cells together; further ones are left out.
MAX_OUTPUTS: Final = 2000
# The most characters of one output; a longer one is cut, and its end says so.
MAX_TEXT: Final = 20_000
MAX_IMAGE: Final = 4 * 1024**2
# SECURITY: the time to clean HTML grows with the square of its nesting depth.
MAX_DEPTH: Final = 200
# The most characters of HTML of all kept notebooks together.
MAX_KEPT: Final = 16_000_000
FORMAT: Final = 4
# The most characters of an error's last line that stand above its traceback.
_TITLE: Final = 300
IMAGES: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")
_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_lexer = PythonLexer()


class NotebookUnreadableError(Exception):
    """The file is no notebook that can be shown; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much of the outputs is shown, in characters of plain text and of images.

    `output` is the most text of one output. Once all outputs have used `text`, each
    shows no more than `least`. Images beyond `images` together are left out.
    """

    output: int = MAX_TEXT
    least: int = 500
    text: float = math.inf
    images: float = math.inf


@dataclass(frozen=True, kw_only=True)
class Output:
    """An output of a cell. `kind` is text, error, image or html.

    `is_cut` means that the bounds left out a part of it. For an error, `title` is the
    last line of its traceback, and `lines` are the lines of cells that it names.
    """

    kind: str
    html: SafeString
    is_cut: bool = False
    title: str = ""
    lines: Sequence[CellLine] = ()


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell. `kind` is markdown, code or raw; `number` is its execution count.

    `place` is its index among all cells of the file, -1 for none.
    """

    kind: str
    html: SafeString
    number: int | None = None
    outputs: Sequence[Output] = ()
    place: int = -1


@dataclass
class _Budget:
    """How much text may still be styled, and how much of the outputs is still shown."""

    bounds: Bounds = field(default_factory=Bounds)
    styled: int = MAX_STYLED
    outputs: int = MAX_OUTPUTS
    _seconds: float = MAX_SECONDS
    _text: int = 0
    _images: int = 0

    def room_for(self, text: str) -> int:
        """Count an output's text, and return how many characters of it are shown."""
        bounds = self.bounds
        left = int(min(max(bounds.text - self._text, bounds.least), bounds.output))
        self._text += min(len(text), left)
        return left

    def takes_image(self, encoded: str) -> bool:
        """Count the image if it is still shown, and return whether it is."""
        if self._images + len(encoded) > self.bounds.images:
            return False
        self._images += len(encoded)
        return True

    def takes(self, text: str) -> bool:
        """Count the text, and return whether it may be styled."""
        self.styled -= len(text)
        return self.styled >= 0

    def highlighted(self, source: str) -> SafeString:
        """Return a code cell as HTML, with classes while there is time for them."""
        started = time.thread_time()
        html = highlighted(source, _lexer, seconds=self._seconds)
        self._seconds -= time.thread_time() - started
        return html


def read_cells(data: bytes) -> Sequence[Cell]:
    """Return the cells of a notebook file of at most 20 MB, format 3 or 4.

    Raises NotebookUnreadableError, with words for the reader. The cells are kept, so
    that the next reader of the same file does not wait for them.
    """
    return _kept.get(hashlib.sha256(data).digest(), lambda _: _read(data))


def _read(data: bytes) -> Sequence[Cell]:
    return render_cells(load_cells(data))


def load_cells(data: bytes) -> list[Any]:
    """Return the cells of a notebook file as they are stored, in format 4.

    Raises NotebookUnreadableError, with words for the reader.
    """
    cells = _load(data).get("cells")
    if not isinstance(cells, list):
        raise NotebookUnreadableError("The file has no cells.")
    return cells


def render_cells(
    cells: Sequence[Any], *, first: int = 0, bounds: Bounds | None = None
) -> Sequence[Cell]:
    """Return stored cells as HTML. `first` is the place of the first in its file."""
    budget = _Budget(bounds or Bounds())
    shown = [
        _cell(each, budget, place)
        for place, each in enumerate(cells[:MAX_CELLS], first)
        if isinstance(each, dict)
    ]
    if len(cells) > MAX_CELLS:
        more = format_html(
            "<p>{} more cells are not shown.</p>", len(cells) - MAX_CELLS
        )
        shown.append(Cell(kind="raw", html=more))
    return tuple(shown)


def size_of(cells: Sequence[Cell]) -> int:
    """Return the number of characters of HTML of all cells together."""
    htmls = (cell.html for cell in cells)
    outputs = (output.html for cell in cells for output in cell.outputs)
    return sum(map(len, htmls)) + sum(map(len, outputs))


_kept: RenderedTexts[bytes, Sequence[Cell]] = RenderedTexts(
    MAX_KEPT, lambda _, cells: size_of(cells)
)


def _load(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise NotebookUnreadableError("It is larger than 20 MB.")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise NotebookUnreadableError("The file is not JSON text.") from None
    if not isinstance(notebook, dict):
        raise NotebookUnreadableError("The file has no cells.")
    if "worksheets" in notebook:
        return _upgraded(notebook)
    return notebook


def _upgraded(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook of format 3 as one of format 4."""
    import nbformat  # noqa: PLC0415  3 MB that few requests need

    library: Any = nbformat  # which has few types
    try:
        converted = library.convert(library.from_dict(notebook), FORMAT)
    except Exception as error:
        raise NotebookUnreadableError(
            "It has an old format that cannot be converted."
        ) from error
    return dict(converted)


def _cell(cell: dict[str, Any], budget: _Budget, place: int) -> Cell:
    kind, source = cell.get("cell_type"), _text(cell.get("source"))
    is_styled = budget.takes(source)
    if kind == "markdown" and is_styled:
        html = render_markdown(source) + _pictures(cell.get("attachments"), budget)
        return Cell(kind="markdown", html=html, place=place)
    if kind != "code":
        return Cell(kind="raw", html=escape(source), place=place)
    number, outputs = cell.get("execution_count"), cell.get("outputs")
    return Cell(
        kind="code",
        place=place,
        html=budget.highlighted(source) if is_styled else escape(source.strip("\n")),
        number=number if isinstance(number, int) else None,
        outputs=list(_outputs(outputs if isinstance(outputs, list) else [], budget)),
    )


def _pictures(attached: Any, budget: _Budget) -> SafeString:
    """Return the pictures that are attached to a text cell, each below its name.

    A text names them by addresses that only Jupyter knows (`attachment:image.png`).
    """
    shown: list[tuple[str, SafeString]] = []
    for name, bundle in attached.items() if isinstance(attached, dict) else ():
        budget.outputs -= 1
        if not isinstance(bundle, dict) or budget.outputs < 0:
            continue
        kind = next((each for each in IMAGES if each in bundle), "")
        picture = _image(
            kind, _text(bundle.get(kind)), budget, words=str(name)[:_TITLE]
        )
        shown.append((str(name)[:_TITLE], picture.html if picture else SafeString("")))
    return format_html_join("", "<p>{}: {}</p>", shown)


def _text(value: Any) -> str:
    """Return a multi-line string, which is stored whole or as a list of lines."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return without_surrogates(value) if isinstance(value, str) else ""


def _outputs(outputs: list[Any], budget: _Budget) -> Iterator[Output]:
    for output in outputs:
        if not isinstance(output, dict):
            continue
        budget.outputs -= 1
        if budget.outputs < 0:
            yield Output(kind="text", html=escape("The other outputs are not shown."))
            return
        kind = output.get("output_type")
        if kind == "stream":
            yield _plain("text", _text(output.get("text")), budget)
        elif kind == "error":
            yield _error(output, budget)
        elif isinstance(output.get("data"), dict):
            yield from _shown(output["data"], budget)


def _error(output: Mapping[str, Any], budget: _Budget) -> Output:
    traceback = output.get("traceback")
    parts = traceback if isinstance(traceback, list) else []
    text = "\n".join(map(_text, parts))
    clean = _without_codes(text)
    last = next((line for line in reversed(clean.split("\n")) if line.strip()), "")
    return replace(
        _plain("error", text, budget), title=last[:_TITLE], lines=cell_lines(clean)
    )


def _shown(data: dict[str, Any], budget: _Budget) -> Iterator[Output]:
    """Yield the richest form of a result that can be shown safely, if there is any."""
    for kind in IMAGES:
        image = _image(kind, _text(data.get(kind)), budget)
        if image is not None:
            yield image
            return
    for kind in ("text/markdown", "text/html", "text/latex"):
        if kind in data:
            yield _styled(kind, _text(data[kind]), budget)
            return
    if "text/plain" in data:
        yield _plain("text", _text(data["text/plain"]), budget)


def _styled(kind: str, text: str, budget: _Budget) -> Output:
    if not budget.takes(text):
        return _plain("html", text, budget)
    if kind == "text/html":
        return Output(kind="html", html=_cleaned(text))
    return Output(kind="html", html=render_markdown(text[:MAX_TEXT]))


def _image(
    kind: str, encoded: str, budget: _Budget, *, words: str = "Output"
) -> Output | None:
    encoded = "".join(encoded.split())
    if not encoded or len(encoded) > MAX_IMAGE:
        return None
    try:
        b64decode(encoded, validate=True)
    except (Base64Error, ValueError):
        return None
    if not budget.takes_image(encoded):
        return Output(kind="text", html=escape("A picture."), is_cut=True)
    return Output(
        kind="image",
        html=format_html(
            '<img src="data:{};base64,{}" alt="{}">', kind, encoded, words
        ),
    )


def _plain(kind: str, text: str, budget: _Budget) -> Output:
    """Return the text as an output, cut to what may still be shown."""
    text = _without_codes(text)
    room = budget.room_for(text)
    is_cut = len(text) > room
    if is_cut:
        text = f"{text[:room]}\n… {len(text) - room} more characters"
    return Output(kind=kind, html=escape(text), is_cut=is_cut)


def _without_codes(text: str) -> str:
    """Return the text without terminal codes and without overwritten text."""
    text = _CONTROL.sub("", _ANSI.sub("", text.replace("\r\n", "\n")))
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _cleaned(html: str) -> SafeString:
    """Return an output's HTML without style, script, form or foreign addresses."""
    if (
        len(html) > 10 * MAX_TEXT
        or is_nested_deeper(html, MAX_DEPTH)
        or reopened_characters(html) > 10 * MAX_TEXT
    ):
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
