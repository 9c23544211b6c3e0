"""A question's tests, as the host reads them: it parses them and never runs them."""

import ast

from runner.protocol import QuestionSpec


class TestsUnreadableError(Exception):
    """The tests of a question are no Python, or lack a check. `str` says so."""

    __test__ = False


def requested_names(question: QuestionSpec) -> frozenset[str]:
    """Return what the checks ask the notebook for; raise TestsUnreadableError."""
    try:
        tree = ast.parse(question.source)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise TestsUnreadableError(f"tests of {question.key} are unreadable") from error
    functions = {
        node.name: node.args for node in tree.body if isinstance(node, ast.FunctionDef)
    }
    names: set[str] = set()
    for check in question.checks:
        if check.name not in functions:
            raise TestsUnreadableError(f"tests of {question.key} are unreadable")
        arguments = functions[check.name]
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        names |= {argument.arg for argument in every}
    return frozenset(names)
