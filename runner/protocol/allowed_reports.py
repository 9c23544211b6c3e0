"""What a check may show, by the text of its tests. The host parses tests, and never runs them.

SECURITY: the grader holds all tests of a job. A check whose text shows nothing can show
nothing, even if a value of the student's has broken the process that runs it. An author's
message that stands in the text is shown as it stands there.
"""

import ast
import contextlib
import doctest
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from runner.protocol.check_reports import TEXT_LENGTH, CheckReport
from runner.protocol.clean_texts import clean_text
from runner.protocol.jobs import QuestionSpec, TestStyle
from runner.protocol.parsing import parse

# The module that tests import to show what they found.
MODULE: Final = "softmark"


@dataclass(frozen=True)
class AllowedReports:
    """What a check may show: these messages, any message, or any report."""

    messages: frozenset[str] = frozenset()
    has_other_messages: bool = False
    has_helpers: bool = False

    def allowed_part(self, report: CheckReport) -> CheckReport:
        """Return the part of the report that the check may show."""
        if self.has_helpers:
            return report
        if self.has_other_messages or report.message in self.messages:
            return CheckReport(message=report.message)
        return CheckReport()


NOTHING: Final = AllowedReports()


@lru_cache(maxsize=256)
def allowed_reports(question: QuestionSpec) -> Mapping[str, AllowedReports]:
    """Return what each check of the question may show, by the checks' names."""
    whole = _allowed(question.source, question.style)
    return {
        check.name: _allowed(check.source, question.style) if check.source else whole
        for check in question.checks
    }


@lru_cache(maxsize=1024)
def _allowed(source: str, style: TestStyle) -> AllowedReports:
    messages: set[str] = set()
    has_other = has_helpers = False
    # Tests that cannot be read cannot be run either.
    with contextlib.suppress(SyntaxError, ValueError, RecursionError):
        if style is TestStyle.DOCTEST:
            examples = doctest.DocTestParser().get_examples(source)
            source = "".join(one.source for one in examples)
        tree = parse(source)
        has_helpers = any(map(_imports_helpers, ast.walk(tree)))
        for message in _messages(tree):
            if isinstance(message, ast.Constant) and isinstance(message.value, str):
                messages.add(clean_text(message.value, TEXT_LENGTH).strip())
            else:
                has_other = True
    return AllowedReports(frozenset(messages), has_other, has_helpers)


def _messages(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield the messages of assertions: `assert a == b, "message"`."""
    for node in ast.walk(tree):
        match node:
            case ast.Assert(msg=ast.expr() as message):
                yield message
            case ast.Raise(
                exc=ast.Call(func=ast.Name(id="AssertionError"), args=[message])
            ):
                yield message


def _imports_helpers(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            return any(one.name == MODULE for one in names)
        case ast.ImportFrom(module=module):
            return module == MODULE
    return False
