"""Conversion of Markdown to HTML that is safe to put on any page."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

import nh3
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore, smartquotes
from markdown_it.token import Token
from math_core import LatexError, LatexToMathML
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments.lexers import get_lexer_by_name

from rendering.cache import RenderedTexts
from rendering.highlighting import highlighted


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


HTML_TAGS: Final = _names(
    "a abbr b blockquote br code dd del div dl dt em h2 h3 h4 h5 h6 hr i img kbd li ol"
    " p pre s span strong sub sup table tbody td th thead tr ul"
)
MATH_TAGS: Final = _names(
    "math mfrac mi mn mo mover mpadded mphantom mprescripts mroot mrow mspace msqrt"
    " mstyle msub msubsup msup mtable mtd mtext mtr munder munderover mmultiscripts"
    " menclose merror none"
)
MATH_ATTRIBUTES: Final = _names(
    "accent accentunder columnalign columnlines columnspacing depth display"
    " displaystyle fence form height largeop linethickness lspace mathvariant maxsize"
    " minsize movablelimits notation rowlines rowspacing rspace scriptlevel separator"
    " stretchy symmetric voffset width intent arg class"
)
ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "th": {"class"},
    "td": {"class"},
    "ol": {"start"},
    "div": {"class", "tabindex"},
    "span": {"class"},
    "pre": {"class", "tabindex"},
    "code": {"class"},
    **{tag: set(MATH_ATTRIBUTES) for tag in MATH_TAGS},
}
# SECURITY: the converter calls itself for nested parts, without a limit: ten thousand
# braces end the process.
MAX_FORMULA: Final = 2000
# A longer text is shown as it was written. Form fields accept much shorter ones: see
# courses.models.texts.
MAX_LENGTH: Final = 300_000
# SECURITY: the time to render a text must grow no faster than its length. With these
# constructs it grew faster: quotation marks in one paragraph, cells that a table leaves
# out, and code in languages whose patterns backtrack.
MAX_QUOTES: Final = 400
MAX_CELLS_LEFT_OUT: Final = 200
MAX_CODE: Final = 20_000
# The most characters of all links by reference together: each use of a link writes its
# address and title out.
MAX_TARGETS: Final = 200_000
LANGUAGES: Final = _names("python python3 py py3 pycon bash sh json yaml yml diff")
# The most characters of all kept texts and their HTML together.
MAX_KEPT: Final = 16_000_000
# Table cells have their alignment in a style, which the content policy forbids.
ALIGN: Final = re.compile(r'<(t[hd]|mtd) style="text-align: ?(left|right|center)[^"]*"')

_math = LatexToMathML(pretty_print="never")


def _render_math(source: str, options: dict[str, bool]) -> str:
    if len(source) <= MAX_FORMULA:
        with suppress(LatexError):
            return _math.convert_with_local_state(
                source, displaystyle=options["display_mode"]
            )
    # A formula that cannot be converted is shown as it was written.
    return f'<code class="math-source">{escape(source)}</code>'


def _highlight(source: str, language: str, _attributes: str) -> str:
    if language.lower() not in LANGUAGES or len(source) > MAX_CODE:
        return escape(source)
    return highlighted(source, get_lexer_by_name(language))


def _set_quotes(state: StateCore) -> None:
    """Curl the quotation marks of each paragraph that has at most MAX_QUOTES of them.

    For each mark, markdown-it looks at all earlier marks that are still open.
    """
    everything = state.tokens
    state.tokens = [token for token in everything if not _has_many_quotes(token)]
    smartquotes(state)
    state.tokens = everything


def _has_many_quotes(token: Token) -> bool:
    texts = [child.content for child in token.children or ()]
    return sum(text.count('"') + text.count("'") for text in texts) > MAX_QUOTES


def _parser() -> MarkdownIt:
    parser = MarkdownIt(
        "commonmark", {"html": False, "typographer": True, "highlight": _highlight}
    ).enable(["table", "strikethrough", "replacements", "smartquotes"])
    parser.core.ruler.at("smartquotes", _set_quotes)
    render: Callable[[str, dict[str, bool]], str] = _render_math
    parser.use(
        dollarmath_plugin, allow_digits=False, double_inline=True, renderer=render
    )
    return parser


# The package hides the module behind its function of the same name.
_table: Any = import_module("markdown_it.rules_block.table")
_table.MAX_AUTOCOMPLETED_CELLS = MAX_CELLS_LEFT_OUT
_parse = _parser()
_kept: RenderedTexts[str, SafeString] = RenderedTexts(
    MAX_KEPT, lambda text, html: len(text) + len(html)
)


def render_markdown(text: str) -> SafeString:
    """Return the text as HTML without script, style, form or foreign attributes.

    Headings start at h2, because the page has its own h1. Math in dollars becomes
    MathML, and fenced code gets the classes of static/css/highlight.css. A text of more
    than MAX_LENGTH characters, or whose links write out more than MAX_TARGETS, is shown
    as it was written.
    """
    return _kept.get(text, _render)


def _render(text: str) -> SafeString:
    text = without_surrogates(text)
    environment: dict[str, Any] = {}
    tokens = [] if len(text) > MAX_LENGTH else _parse.parse(text, environment)
    if len(text) > MAX_LENGTH or _length_of_targets(tokens) > MAX_TARGETS:
        return format_html('<pre tabindex="0">{}</pre>', text)
    html: str = _parse.renderer.render(tokens, _parse.options, environment)
    # Parts that scroll sideways on a small screen must be reachable by keyboard.
    html = html.replace("<pre>", '<pre tabindex="0">')
    html = html.replace(
        '<div class="math block">', '<div class="math block" tabindex="0">'
    )
    html = html.replace("<table>", '<div class="scroll" tabindex="0"><table>')
    html = html.replace("</table>", "</table></div>")
    html = ALIGN.sub(r'<\1 class="align-\2"', html)
    for level in (5, 4, 3, 2, 1):
        html = re.sub(rf"<(/?)h{level}>", rf"<\1h{level + 1}>", html)
    clean = nh3.clean(
        html,
        tags=set(HTML_TAGS | MATH_TAGS),
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308  nh3 has just cleaned it


def _length_of_targets(tokens: Sequence[Token]) -> int:
    """Return the number of characters in the attributes of all tokens together."""
    waiting = list(tokens)
    length = 0
    while waiting:
        token = waiting.pop()
        length += sum(len(str(value)) for value in token.attrs.values())
        waiting += token.children or ()
    return length


def without_surrogates(text: str) -> str:
    """Return the text with a replacement character for each lone surrogate.

    JSON and YAML can contain them, but a response cannot.
    """
    return text.encode("utf-8", "replace").decode()
