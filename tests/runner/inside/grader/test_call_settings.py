"""A call tells the snapshot which settings the test has made, and none of its text."""

import contextlib
import io
import sys
import warnings
from collections.abc import Iterator

import pytest

from runner.inside.grader.call_settings import CallSettings

CALL = {"op": "call"}


class LibraryWarning(UserWarning):
    pass


@pytest.fixture(autouse=True)
def own_filters() -> Iterator[None]:
    with warnings.catch_warnings():
        yield


def test_a_test_without_settings_says_nothing() -> None:
    assert "warns" not in CallSettings().added_to(CALL)


def test_filters_are_named_by_their_class_alone() -> None:
    settings = CallSettings()
    warnings.filterwarnings("error", message="the answer is 42", category=UserWarning)
    warnings.simplefilter("always", LibraryWarning)
    assert settings.added_to(CALL)["warns"] == ["UserWarning"]


def test_filters_of_a_library_are_not_the_test_s_own() -> None:
    settings = CallSettings()
    warnings.filterwarnings("always", category=DeprecationWarning, module="sklearn")
    warnings.simplefilter("once", LibraryWarning)
    assert "warns" not in settings.added_to(CALL)


def test_only_captured_output_is_sent_back() -> None:
    settings = CallSettings()
    out, errors = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(sys.__stderr__),
    ):
        assert settings.added_to(CALL) == {**CALL, "heard": True}
    with (
        contextlib.redirect_stdout(sys.__stdout__),
        contextlib.redirect_stderr(errors),
    ):
        assert settings.added_to(CALL) == {**CALL, "heard_errors": True}
        assert settings.added_to({"op": "name"}) == {"op": "name"}
