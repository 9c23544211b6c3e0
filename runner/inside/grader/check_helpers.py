"""The module `softmark` that tests import: `expect`, `metric` and `show`.

SECURITY: they compare and write plain values alone, so nothing is asked of the snapshot,
and nothing is sent to it. Only a test may call them: a function that the student's code
was given never is one of them.
"""

import math
import sys
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from runner.inside.grader import refusals
from runner.inside.grader.answers import NotDataError
from runner.inside.grader.callers import CALLERS
from runner.inside.grader.handle_parts import is_handle
from runner.inside.grader.picture_samples import (
    TOO_LARGE,
    NoPictureError,
    candidates,
)
from runner.inside.grader.plain_comparison import compare
from runner.inside.grader.plain_values import ARRAYS, NoValue, plain_of
from runner.inside.grader.student_errors import is_student_s
from runner.inside.grader.value_texts import text_of
from runner.protocol.allowed_reports import MODULE
from runner.protocol.check_pictures import CAPTION_LENGTH, PictureCount, Samples
from runner.protocol.check_reports import MOST_METRICS, CheckReport, Metric
from runner.protocol.clean_texts import clean_line

# The beginnings of the names that the tests' own texts have as files.
_TESTS: Final = ("<tests of ", "<check ", "<doctest ")
_MOST_KEPT: Final = 16


class _Findings:
    """What the running check has shown so far."""

    def __init__(self) -> None:
        self.is_comparing: Callable[[], bool] = lambda: False
        self.forget()

    def forget(self) -> None:
        self.metrics: dict[str, Metric] = {}
        # What differed, with the error that said so.
        self.differed: list[tuple[BaseException, CheckReport]] = []
        self.pictures = PictureCount()
        # The same pictures as the host receives them.
        self.sent: list[dict[str, Any]] = []

    def note_metric(self, metric: Metric) -> None:
        has_room = len(self.metrics) < MOST_METRICS or metric.name in self.metrics
        if has_room and not self.is_comparing():
            self.metrics[metric.name] = metric

    def note_difference(self, error: BaseException, report: CheckReport) -> None:
        if len(self.differed) < _MOST_KEPT and not self.is_comparing():
            self.differed.append((error, report))

    @property
    def takes_pictures(self) -> bool:
        return not (self.pictures.is_full or self.is_comparing())

    def note_picture(self, caption: str, samples: Samples) -> bool:
        """Note the picture, and return whether there was room for it."""
        has_room = self.pictures.add(caption, samples)
        if has_room:
            self.sent.append({"caption": caption, **samples.to_json()})
        return has_room

    def note_no_picture(self, caption: str, fault: str) -> None:
        self.pictures.add_fault(caption, fault)
        self.sent.append({"caption": caption, "fault": fault})


_findings: Final = _Findings()


def install(is_comparing: Callable[[], bool]) -> None:
    """Let the tests of this process import the module.

    `is_comparing` says whether an assertion is being evaluated again, with changed values:
    what is found then is not shown.
    """
    _findings.is_comparing = is_comparing
    module: Any = types.ModuleType(MODULE, "Helpers for the tests of an assignment.")
    module.expect, module.metric, module.show = expect, metric, show
    sys.modules[MODULE] = module


def forget() -> None:
    """Forget what was found, before another check."""
    _findings.forget()


def take_report(error: BaseException | None) -> CheckReport:
    """Return what the check shows that has ended with this error, and forget it.

    A difference that a test has caught is shown if nothing else has ended the check.
    """
    report = CheckReport(message=_message_of(error))
    for raised, found in _findings.differed:
        if error is None or raised is error:
            report = found
            break
    metrics = tuple(_findings.metrics.values())
    pictures = tuple(_findings.pictures.pictures)
    _findings.forget()
    return replace(report, metrics=metrics, pictures=pictures)


def take_frame(error: BaseException | None) -> dict[str, object]:
    """Return what the check shows as parts of a frame, of bounded length, and forget it.

    Pictures are sent as samples, beside the rest.
    """
    pictures = _findings.sent
    report = replace(take_report(error), pictures=())
    bounded = CheckReport.from_json(report.to_json())
    return {"report": bounded.to_json(), "pictures": pictures}


def _message_of(error: BaseException | None) -> str:
    """Return the message of a test's own `assert`, or "".

    The error of a library and that of the student's code have messages of others.
    """
    if type(error) is not AssertionError or is_student_s(error):
        return ""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    is_tests = place is not None and place.tb_frame.f_code.co_filename.startswith(
        _TESTS
    )
    match error.args:
        case (message,) if is_tests and type(message) is str:
            return message
    return ""


def _check_caller(name: str) -> None:
    if not CALLERS.is_test(sys._getframe(2)):  # noqa: SLF001 - who calls decides
        raise refusals.not_permitted(f"only a test itself calls `{name}`")


# --- expect -----------------------------------------------------------------------


def expect(
    found: object,
    expected: object,
    *,
    message: str | None = None,
    tolerance: float | None = None,
) -> bool:
    """Return True if both values are equal, and fail the check otherwise.

    The student then reads what was expected and what was found, and the message. Numbers
    are equal if they differ by `tolerance` at most. Arrays need the same shape.

    Raises AssertionError, NotDataError for an object of the notebook's, and TypeError if
    `expected` is no value, or an argument is of another kind.
    """
    _check_caller("expect")
    if message is not None and type(message) is not str:
        raise TypeError("the message of `expect` is a text")
    limit = None if tolerance is None else _number(tolerance, "tolerance")
    one, other = plain_of(found), plain_of(expected)
    if isinstance(other, NoValue):
        raise TypeError(f"`expect` compares values: `expected` is {other.text}")
    compared = compare(one, other, limit)
    if compared.is_equal:
        return True
    report = CheckReport(
        message=message or "",
        expected=text_of(other),
        found=text_of(one),
        differences=compared.differences,
        differing=compared.differing,
        compared=compared.compared,
    )
    words = f"expected {report.expected}, found {report.found}"
    error = AssertionError(f"{message}: {words}" if message else words)
    _findings.note_difference(error, report)
    raise error


# --- metric -----------------------------------------------------------------------


def metric(
    name: str,
    value: object,
    *,
    unit: str = "",
    at_least: float | None = None,
    at_most: float | None = None,
    zero_at: float | None = None,
) -> bool | float:
    """Show a measured number, and return what the check may return.

    With one of the bounds, the check fails if the number does not keep it. With `zero_at`
    it earns a share instead: nothing there, all at the bound, in proportion between.
    Without a bound the number is only shown.

    Raises AssertionError, NotDataError for an object of the notebook's, and TypeError if
    the value is no number.
    """
    _check_caller("metric")
    if type(name) is not str or type(unit) is not str:
        raise TypeError("the name and the unit of `metric` are texts")
    number = _number(value, "value")
    if at_least is not None and at_most is not None:
        raise TypeError("`metric` takes `at_least` or `at_most`")
    bound = at_most if at_least is None else at_least
    full = None if bound is None else _number(bound, "bound")
    none = None if zero_at is None else _number(zero_at, "zero_at")
    if none is not None and (full is None or none == full):
        raise TypeError("`metric` takes `zero_at` beside a bound that differs from it")
    words = _bound_words(full, none, unit, is_least=at_least is not None)
    _findings.note_metric(
        Metric(name=name, value=_written(number), unit=unit, bound=words)
    )
    if full is None:
        return True
    if none is not None:
        return _share(number, none, full)
    if number >= full if at_least is not None else number <= full:
        return True
    raise AssertionError(f"{name} is {_written(number)} {unit}, not {words}")


def _number(value: object, what: str) -> float:
    """Return the number that a test gives, whatever class it has."""
    if is_handle(value):
        raise NotDataError(
            "`metric` takes a number, and the student's code gave an object of its own"
        )
    plain = plain_of(value)
    if isinstance(plain, ARRAYS) and plain.ndim == 0:
        plain = plain.item()
    if not isinstance(plain, bool | int | float):
        raise TypeError(f"`{what}` is a number, and not {text_of(plain)}")
    try:
        return float(plain)
    except OverflowError:
        return math.inf if plain > 0 else -math.inf


def _share(number: float, none: float, full: float) -> float:
    share = (number - none) / (full - none)
    return min(1.0, max(0.0, share)) if math.isfinite(share) else float(share > 0)


def _bound_words(
    full: float | None, none: float | None, unit: str, *, is_least: bool
) -> str:
    """Return in words what the number has to be, or "" without a bound."""
    if full is None:
        return ""
    to_reach = f"{_written(full)} {unit}".rstrip()
    if none is None:
        return f"at {'least' if is_least else 'most'} {to_reach}"
    nothing = f"{_written(none)} {unit}".rstrip()
    if is_least:
        return f"all points from {to_reach}, none up to {nothing}"
    return f"all points up to {to_reach}, none from {nothing}"


def _written(number: float) -> str:
    return f"{number:.6g}"


# --- show -------------------------------------------------------------------------


def show(picture: object, *, caption: str) -> bool:
    """Show a picture: an array, a tensor, or a figure that the test has drawn.

    An array has the shape (height, width), or (height, width, channels) with 3 or 4
    channels, and holds bytes, truth values, or floats from 0 to 1. The caption says what
    is to be seen. What cannot be shown costs nothing: words in its place say why.

    Raises TypeError if the caption is no text, or empty.
    """
    _check_caller("show")
    if type(caption) is not str or not caption.strip():
        raise TypeError("the caption of `show` is a text that says what is to be seen")
    if not _findings.takes_pictures:
        return True
    caption = clean_line(caption, CAPTION_LENGTH)
    try:
        has_room = any(
            _findings.note_picture(caption, samples) for samples in candidates(picture)
        )
    except NoPictureError as error:
        _findings.note_no_picture(caption, str(error))
    else:
        if not has_room:
            _findings.note_no_picture(caption, TOO_LARGE)
    return True
