"""Markdown is written by staff and quoted from students: nothing in it may run."""

import pytest

from portal.markdown import _render_kept, render_markdown

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
def test_scripts_are_inert(attack: str) -> None:
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


def test_formula_that_cannot_be_set_is_shown_as_written() -> None:
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


def test_links_do_not_leak_the_page() -> None:
    assert 'rel="noopener noreferrer"' in render_markdown("[x](https://example.org)")


@pytest.mark.parametrize("opening", ["{", "\\sqrt{", "\\frac{1}{"])
def test_formula_nested_too_deeply_is_shown_as_it_was_written(opening: str) -> None:
    # The converter would end the process.
    source = opening * 10_000 + "x" + "}" * 10_000
    assert "math-source" in render_markdown(f"${source}$")


def test_long_text_is_not_kept() -> None:
    before = _render_kept.cache_info().currsize
    render_markdown("long " * 20_000)
    assert _render_kept.cache_info().currsize == before
