"""Markdown comes from staff and quotes students: no script in it may run."""

import pytest

from rendering.cache import RenderedTexts
from rendering.markdown import MAX_CODE, MAX_LENGTH, MAX_QUOTES, render_markdown

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](javascript:alert(1))",
    "<a href='vbscript:x'>x</a>",
    "<iframe src=//evil.example></iframe>",
    "<style>*{display:none}</style>",
    "<svg><script>alert(1)</script></svg>",
    "<form action=//evil.example><input name=password></form>",
    '```"><script>alert(1)</script>\nx\n```',
    "```python onload=alert(1)\nx\n```",
    r"$\text{<img src=x onerror=alert(1)>}$",
    r"$\href{javascript:alert(1)}{x}$",
    r"$$\unknown<script>alert(1)</script>$$",
    "$<script>alert(1)</script>$",
    '[x](https://example.org "\\" onmouseover=alert(1) x=\\"")',
    "| <b onclick=alert(1)>a |\n|--|\n| x |",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_scripts_do_not_run(attack: str) -> None:
    html = render_markdown(attack).lower()
    for tag in (
        "<script",
        "<iframe",
        "<style",
        "<form",
        "<input",
        "<svg",
        "<img src=x",
    ):
        assert tag not in html
    for tag in html.split("<")[1:]:
        inside = tag.split(">")[0]
        assert "javascript:" not in inside
        assert "data:" not in inside
        assert " on" not in inside.split('"')[0]
        assert "style=" not in inside


def test_title_cannot_leave_its_attribute() -> None:
    html = render_markdown('[x](https://example.org "a\\" onclick=\\"b")')
    assert 'title="a&quot; onclick=&quot;b"' in html


def test_math_becomes_mathml() -> None:
    html = render_markdown(r"The loss is $\frac{1}{n}\sum_i x_i$.")
    assert "<math>" in html
    assert "<mfrac><mn>1</mn><mi>n</mi></mfrac>" in html


def test_display_math_is_a_block() -> None:
    html = render_markdown("$$\nx^2\n$$")
    assert '<math display="block">' in html


def test_aligned_equations_keep_their_sides_without_styles() -> None:
    html = render_markdown(r"$$\begin{aligned}a&=b\\c&=d\end{aligned}$$")
    assert '<mtd class="align-right">' in html
    assert "style=" not in html.replace("displaystyle=", "")


def test_formula_that_cannot_be_rendered_is_shown_as_written() -> None:
    html = render_markdown(r"$\frac{$")
    assert r'<code class="math-source">\frac{</code>' in html


def test_prices_are_not_math() -> None:
    assert "<math" not in render_markdown("It costs $5 a day, or $20 a week.")


def test_code_is_highlighted_by_classes() -> None:
    html = render_markdown("```python\ndef f(): pass\n```")
    assert '<span class="hl-k">def</span>' in html


def test_code_of_an_unknown_language_is_plain() -> None:
    assert "&lt;b&gt;" in render_markdown("```klingon\n<b>\n```")


def test_headings_start_below_the_pages_own() -> None:
    html = render_markdown("# One\n\n## Two")
    assert "<h2>One</h2>" in html
    assert "<h3>Two</h3>" in html


def test_table_columns_are_aligned_by_class() -> None:
    html = render_markdown("| a | b |\n|:--|--:|\n| 1 | 2 |")
    assert '<td class="align-right">2</td>' in html


def test_links_do_not_send_the_page_s_address() -> None:
    assert 'rel="noopener noreferrer"' in render_markdown("[x](https://example.org)")


@pytest.mark.parametrize("opening", ["{", "\\sqrt{", "\\frac{1}{"])
def test_formula_nested_too_deeply_is_shown_as_it_was_written(opening: str) -> None:
    # The converter would end the process.
    source = opening * 10_000 + "x" + "}" * 10_000
    assert "math-source" in render_markdown(f"${source}$")


def test_longest_text_is_cached() -> None:
    text = ("long " * MAX_LENGTH)[:MAX_LENGTH]
    assert render_markdown(text) is render_markdown(text)


def test_text_past_the_longest_is_shown_as_it_was_written() -> None:
    html = render_markdown("**b** <i>" + "x" * MAX_LENGTH)
    assert html.startswith('<pre tabindex="0">**b** &lt;i&gt;xxx')


def test_the_cache_is_bounded() -> None:
    kept: RenderedTexts[str, str] = RenderedTexts(100, lambda _, html: len(html))
    for number in range(50):
        kept.get(str(number), lambda _: "x" * 30)
    kept.get("long", lambda _: "x" * 101)
    assert kept.size == 90
    assert len(kept) == 3


def test_the_last_used_text_is_cached_longest() -> None:
    kept: RenderedTexts[str, str] = RenderedTexts(2, lambda _, html: len(html))
    for key in ("a", "b", "a", "c"):
        kept.get(key, lambda key: key)
    assert kept.get("a", lambda _: "made again") == "a"
    assert kept.get("b", lambda _: "made again") == "made again"


def test_a_lone_surrogate_is_replaced() -> None:
    assert "a?b" in render_markdown("a\ud800b")


def test_too_many_quotation_marks_are_kept_as_written() -> None:
    many = '"a" ' * MAX_QUOTES
    html = render_markdown(f'"a"\n\n{many}')
    assert "“a”" in html
    assert '"a" "a"' in html


def test_code_too_long_to_highlight_is_plain() -> None:
    code = "x = 1\n" * (MAX_CODE // 6 + 1)
    assert "hl-" not in render_markdown(f"```python\n{code}```")
