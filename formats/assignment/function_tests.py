"""Find the functions that a test file defines. It is read as text, never executed."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from formats.notebook.cell_syntax import nodes_outside_functions
from formats.problems import ProblemList
from formats.unreadable_files import Reason, wrong_file

MAX_BYTES: Final = 1024**2
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True)
class FoundCheck:
    """A function at the top of a test file. `summary` is its docstring's first part."""

    line: int
    summary: str


def parse_module(data: bytes, *, file: str, faults: ProblemList) -> ast.Module | None:
    """Return a test file's syntax tree, or None with the reason noted."""
    if len(data) > MAX_BYTES:
        faults.add("The test file is larger than 1 MB.", file=file)
        return None
    try:
        return ast.parse(data)
    except SyntaxError as error:
        reason = wrong_file(data, "a test file") or Reason(
            message=f"This is not Python: {error.msg}.", line=error.lineno
        )
    except (ValueError, RecursionError, MemoryError):
        reason = wrong_file(data, "a test file") or Reason(
            message="This Python cannot be read."
        )
    faults.add(reason.message, file=file, line=reason.line, hint=reason.hint)
    return None


def read_functions(
    data: bytes, *, file: str, faults: ProblemList
) -> dict[str, FoundCheck] | None:
    """Return the functions of a test file by name, or None with the reason noted."""
    tree = parse_module(data, file=file, faults=faults)
    if tree is None:
        return None
    nodes = [node for node in tree.body if isinstance(node, Function)]
    for node in nodes:
        if not node.name.startswith("_"):
            validate_parameters(node, file, faults)
    return find_functions(nodes, file, faults)


def required_parameters(function: Function) -> list[str]:
    """Return the names of the parameters that have no default, in order."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = positional[: len(positional) - len(arguments.defaults)]
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    required += [each for each, default in named if default is None]
    return [each.arg for each in required]


def find_functions(
    nodes: Sequence[Function], file: str, faults: ProblemList
) -> dict[str, FoundCheck]:
    """Return the functions by name, and note each name that is defined twice."""
    found: dict[str, FoundCheck] = {}
    for node in nodes:
        if node.name in found:
            faults.add(
                f"“{node.name}” is defined a second time.",
                file=file,
                line=node.lineno,
                hint="Only the last one would run. Rename one of them.",
            )
        summary = (ast.get_docstring(node) or "").partition("\n\n")[0]
        found[node.name] = FoundCheck(
            line=node.lineno, summary=" ".join(summary.split())
        )
    return found


def validate_parameters(node: Function, file: str, faults: ProblemList) -> None:
    """Note why a function cannot be called with names of the notebook, if so."""
    reason = ""
    if isinstance(node, ast.AsyncFunctionDef):
        reason = "is asynchronous: it would never run"
    elif any(
        isinstance(part, ast.Yield | ast.YieldFrom)
        for part in nodes_outside_functions(ast.iter_child_nodes(node))
    ):
        reason = "yields: it would never run"
    elif node.args.vararg or node.args.kwarg:
        reason = "takes * or **: its parameters must be names from the notebook"
    if reason:
        faults.add(f"“{node.name}” {reason}.", file=file, line=node.lineno)
