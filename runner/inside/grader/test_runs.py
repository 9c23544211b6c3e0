"""Runs of doctest and unittest that a test starts. A run without any test is refused.

`doctest.testmod()` and `unittest.main()` look for examples and tests in the module
`__main__`. If they find none, they report that nothing has failed.
"""

import doctest
import functools
import inspect
import sys
import unittest
from collections.abc import Callable
from typing import Any, Final

from runner.inside.grader import refusals

_NONE: Final = (
    "a run of {what} has run no test, so it proves nothing. Write each test as lines of "
    "the check, or give the runner the function or class that holds it"
)


class NothingRunError(AssertionError):
    """Raised when a run of tests that a check has started has run none."""


def install() -> None:
    """Refuse from now on each run of `doctest` and `unittest` that runs nothing."""
    for name in ("testmod", "testfile"):
        setattr(doctest, name, _running(getattr(doctest, name)))
    docs: Any = doctest
    docs.run_docstring_examples = _examples_of
    docs.DocTestFinder.find = _finding(doctest.DocTestFinder.find)
    docs.DocTestRunner.summarize = _summing(doctest.DocTestRunner.summarize)
    suites: Any = unittest.TestSuite
    suites.run = _suite_running(unittest.TestSuite.run)


def _refuse(what: str) -> Exception:
    return refusals.note(NothingRunError(_NONE.format(what=what)))


def _running(run: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(run)
    def running(*arguments: Any, **named: Any) -> Any:
        result = run(*arguments, **named)
        if not result.attempted:
            raise _refuse(f"doctest.{run.__name__}")
        return result

    return running


def _examples_of(  # noqa: PLR0917 - as doctest has it
    f: Any,
    globs: Any,
    verbose: bool = False,  # noqa: FBT001, FBT002 - same
    name: str = "NoName",
    compileflags: int | None = None,
    optionflags: int = 0,
) -> None:
    """Run the examples of a docstring. Raises AssertionError if one fails.

    doctest's own function only prints the failures, which nobody reads here.
    """
    finder = doctest.DocTestFinder(verbose=verbose, recurse=False)
    runner = doctest.DocTestRunner(verbose=verbose, optionflags=optionflags)
    for test in finder.find(f, name, globs=globs):
        runner.run(test, compileflags=compileflags)
    if not runner.tries:
        raise _refuse("doctest.run_docstring_examples")
    if runner.failures:
        raise AssertionError(f"{runner.failures} of {runner.tries} examples failed")


def _finding(find: Callable[..., Any]) -> Callable[..., Any]:
    """Return a finder that refuses a module in which it finds no example.

    Of the notebook it would find the test's own functions alone.
    """

    @functools.wraps(find)
    def finding(self: Any, obj: Any, *arguments: Any, **named: Any) -> Any:
        if obj is sys.modules["__main__"]:
            raise _refuse("doctest on a module")
        found = find(self, obj, *arguments, **named)
        if inspect.ismodule(obj) and not any(one.examples for one in found):
            raise _refuse("doctest on a module")
        return found

    return finding


def _summing(summarize: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(summarize)
    def summing(self: Any, *arguments: Any, **named: Any) -> Any:
        result = summarize(self, *arguments, **named)
        if not result.attempted:
            raise _refuse("doctest")
        return result

    return summing


def _suite_running(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return a `TestSuite.run` that refuses if no test of the whole suite has run."""

    @functools.wraps(run)
    def running(self: Any, result: Any, *arguments: Any, **named: Any) -> Any:
        is_inner = getattr(result, "_testRunEntered", False)
        found = run(self, result, *arguments, **named)
        if not is_inner and _is_vacuous(result):
            raise _refuse("unittest")
        return found

    return running


def _is_vacuous(result: Any) -> bool:
    """Return whether all tests were skipped, without any error."""
    wrong = (*result.errors, *result.failures, *result.unexpectedSuccesses)
    return not wrong and result.testsRun <= len(result.skipped)
