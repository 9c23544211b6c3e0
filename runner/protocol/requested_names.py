"""The names that a question's tests ask for. The host parses tests, and never runs them."""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from runner.protocol.jobs import QuestionSpec, TestStyle
from runner.protocol.parsing import parse

_NAME: Final = re.compile(r"[^\W\d]\w*")
# With these a test can look up a name that it builds while it runs.
_BUILDS_NAMES: Final = frozenset(
    ("globals", "locals", "vars", "dir", "__main__", "eval", "exec", "get_ipython")
)


class TestsUnreadableError(Exception):
    """The tests of a question are not Python, or lack a check. `str` names the question."""

    __test__ = False


@lru_cache(maxsize=256)
def requested_names(question: QuestionSpec) -> frozenset[str]:
    """Return the names that the checks may ask the notebook for.

    Raises TestsUnreadableError.
    """
    try:
        if question.style.has_sections:
            return frozenset(_words(question))
        return frozenset(_parameters(question))
    except (SyntaxError, ValueError, RecursionError, KeyError) as error:
        raise TestsUnreadableError(
            f"the tests of question {question.key} cannot be read"
        ) from error


@lru_cache(maxsize=256)
def may_request_any(question: QuestionSpec) -> bool:
    """Return whether the checks may ask for names that their text does not hold.

    A test can build such a name: `globals()["W" + layer]`.
    """
    sources = [question.source, *(check.source for check in question.checks)]
    words = (word for source in sources for word in _NAME.findall(source))
    return not _BUILDS_NAMES.isdisjoint(words)


def _words(question: QuestionSpec) -> Iterator[str]:
    for check in question.checks:
        if question.style is TestStyle.SCRIPT:
            parse(check.source)
        yield from _NAME.findall(check.source)


def _parameters(question: QuestionSpec) -> Iterator[str]:
    tree = parse(question.source)
    functions = {
        node.name: node.args for node in tree.body if isinstance(node, ast.FunctionDef)
    }
    for check in question.checks:
        arguments = functions[check.name]
        for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            yield one.arg
