"""What a check shows is bounded text, and no more than its tests' text says it shows."""

from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.protocol import check_words
from runner.protocol.allowed_reports import allowed_reports
from runner.protocol.check_pictures import Samples, pictures_from_jail
from runner.protocol.check_reports import CheckReport, Difference, Metric
from runner.protocol.jobs import CheckSpec, QuestionSpec, TestStyle

WHOLE: Final = CheckReport(
    message="Twice the number.",
    expected="4",
    found="5",
    differences=(Difference(place="[0]", expected="4", found="5"),),
    differing=1,
    compared=3,
    metrics=(Metric(name="accuracy", value="91.4", unit="%", bound="at least 90 %"),),
)
PICTURES: Final = [
    {"caption": "x", **Samples(width=1, height=1, channels=1, data=b"7").to_json()}
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
NAMES: Final = (
    *("message", "expected", "found", "differences", "metrics", "compared"),
    "pictures",
)


def texts_in(value: Any) -> list[str]:
    """Return every text in plain data."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for one in value for text in texts_in(one)]
    return [value] if isinstance(value, str) else []


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(NAMES), anything) | anything)
def test_a_report_of_a_jail_is_bounded_and_stays_as_it_is(data: object) -> None:
    report = CheckReport.from_json(data)
    again = report.to_json()
    assert CheckReport.from_json(again) == report
    assert all(
        one.isprintable() or one == "\n" for text in texts_in(again) for one in text
    )


def test_the_largest_report_takes_a_few_kilobytes() -> None:
    text = "x\x00\u202e\ud800" * 10**5
    part = {"place": text, "expected": text, "found": text, "name": text, "value": text}
    most = {"differences": [part] * 99, "metrics": [{**part, "unit": text}] * 99}
    stored = CheckReport.from_json({**dict.fromkeys(NAMES, text), **most}).to_json()
    assert 2000 < sum(map(len, texts_in(stored))) < 5000
    assert not set("".join(texts_in(stored))) & set("\x00\u202e\ud800")


def test_a_whole_report_is_read_as_it_was_written() -> None:
    assert CheckReport.from_json(WHOLE.to_json()) == WHOLE


SAYING: Final = {
    "nothing": ("assert x == 4", False, False),
    "another text": ("assert x == 4, 'Three.'", False, False),
    "this text": ("assert x == 4, 'Twice the number.'", True, False),
    "this text by raise": ("raise AssertionError('Twice the number.')", True, False),
    "any text": ("assert x == 4, f'got {x}'", True, False),
    "anything": ("from softmark import expect\nexpect(x, 4)", True, True),
    "anything by module": ("import softmark as s\ns.expect(x, 4)", True, True),
    "the word alone": ("y = 'import softmark'", False, False),
    "no Python": ("import softmark(", False, False),
}


@pytest.mark.parametrize("name", SAYING)
@pytest.mark.parametrize(
    "style", [TestStyle.SCRIPT, TestStyle.DOCTEST, TestStyle.FUNCTIONS]
)
def test_a_check_shows_only_what_its_text_lets_it_show(
    name: str, style: TestStyle
) -> None:
    source, says_this, shows_all = SAYING[name]
    if style is TestStyle.DOCTEST:
        source = "".join(f">>> {line}\n" for line in source.splitlines())
    has_own = style is not TestStyle.FUNCTIONS
    question = QuestionSpec(
        key="q",
        style=style,
        source="" if has_own else source,
        checks=(CheckSpec(name="a", source=source if has_own else ""),),
    )
    frame = {"name": "a", "score": 0, "message": "raised AssertionError"}
    sent = {"report": WHOLE.to_json(), "pictures": PICTURES}
    outcome = check_words.parse_outcome(
        {**frame, **sent}, ["a"], [], allowed_reports(question)
    )
    assert outcome is not None
    message = CheckReport(message=WHOLE.message if says_this else "")
    whole = replace(WHOLE, pictures=pictures_from_jail(PICTURES))
    assert outcome.report == (whole if shows_all else message)


def test_a_check_that_passes_shows_what_it_measured_alone() -> None:
    question = QuestionSpec(
        key="q", source="import softmark", checks=(CheckSpec(name="a"),)
    )
    sent = {"report": WHOLE.to_json(), "pictures": PICTURES}
    frame = {"name": "a", "score": 1, **sent}
    allowed = allowed_reports(question)
    outcome = check_words.parse_outcome(frame, ["a"], [], allowed)
    assert outcome is not None
    pictures = pictures_from_jail(PICTURES)
    assert outcome.report == CheckReport(metrics=WHOLE.metrics, pictures=pictures)
