"""Find names that tests take from the notebook and that no solution binds.

SECURITY: one rule holds however a name is bound (a star import, a magic, a loop, a
branch of an `if`, a parameter of a test, `env["name"]`): a name that no solution binds
is not a student's work, and any name that a test takes from the notebook can be changed
by a student. Staff are told of each such name.
"""

import ast
import builtins
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from formats.assignment.function_tests import Function, required_parameters
from formats.assignment.section_tests import case_functions
from formats.importing.lookups import LookUp, LookUpKind, LookUps, main_names
from formats.importing.reads import Reads, reads_of
from formats.importing.replaced_names import USUAL_LIBRARY_NAMES
from formats.importing.scopes import bound_by
from formats.importing.staff_names import (
    SHARED_NAME_HINT,
    completely_defined,
    shared_name_message,
)
from formats.importing.statements import Author, AuthoredCell, statements_of
from formats.problems import Problem
from runner.protocol.jobs import TestStyle

# The parameters of a test's function that are not names of the notebook.
_NOT_THE_NOTEBOOKS: Final = frozenset(("files", "private", "env"))
_ENVIRONMENT: Final = "env"


@dataclass(frozen=True, kw_only=True)
class StudentNames:
    """The names that students write, as far as solutions show them.

    `is_known` is False without any solution. `given` are the names that the rest of the
    notebook binds. `whole` are those of them that it defines completely.
    """

    names: frozenset[str]
    is_known: bool
    given: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()


def student_names_of(cells: Sequence[AuthoredCell]) -> StudentNames:
    """Return the names that the solutions bind or change in part."""
    is_known = any(cell.solution or cell.author is Author.STUDENT for cell in cells)
    names: set[str] = set()
    given: set[str] = set()
    statements = statements_of(cells)
    for each in statements:
        if each.author is Author.STUDENT:
            names |= each.binds
            names |= set(_changed(each.node))
        else:
            given |= each.binds
    return StudentNames(
        names=frozenset(names),
        is_known=is_known,
        given=frozenset(given),
        whole=frozenset(completely_defined(statements)),
    )


def taken_names(tree: ast.Module, style: TestStyle) -> Reads:
    """Return the names that a piece of a question's tests takes from the notebook."""
    match style:
        case TestStyle.CASES:
            functions: Sequence[Function] = case_functions(tree)
        case TestStyle.FUNCTIONS:
            functions = [
                node
                for node in tree.body
                if isinstance(node, Function) and not node.name.startswith("_")
            ]
        case TestStyle.SCRIPT | TestStyle.DOCTEST:
            asked = reads_of(ast.unparse(tree))
            return replace(asked, names=asked.names - set(dir(builtins)))
        case _:
            assert_never(style)
    found: set[str] = set()
    for function in functions:
        found |= set(required_parameters(function)) - _NOT_THE_NOTEBOOKS
    found |= set(_looked_up(tree))
    is_complete = style is not TestStyle.CASES or _is_environment_complete(tree)
    of_main = list(_asked_of_main(tree))
    found |= {each.name for each in of_main if each.kind is LookUpKind.READ}
    lists = any(each.kind is LookUpKind.LIST for each in of_main)
    return Reads(names=frozenset(found), is_complete=is_complete, lists=lists)


def notes_on_unwritten_names(
    trees: Sequence[ast.Module],
    style: TestStyle,
    *,
    key: str,
    file: str,
    students: StudentNames,
    imports: Collection[str],
) -> Iterator[Problem]:
    """Yield a note for each name that tests take and no student is known to write.

    `imports` are names that the tests import from libraries themselves.
    """
    asked = [taken_names(tree, style) for tree in trees]
    found = {name for each in asked for name in each.names}
    # A word in a text counts as a name if the rest of the notebook binds that name.
    found |= {name for each in asked for name in each.mentioned & students.given}
    if any(each.lists for each in asked):
        yield Problem(
            message=f"The tests of “{key}” list the names of the notebook. The check "
            "fails there, because a test can look up only one name at a time.",
            file=file,
            hint='Write `"name" in globals()`, or loop over the names that you need.',
        )
    if not all(each.is_complete or each.lists for each in asked):
        yield Problem(
            message=f"The tests of “{key}” look up names that they do not write out, "
            "so it is unknown which names of the notebook they read.",
            file=file,
            hint="Write out each name, as a name or as a literal text. Define your "
            "own names in the tests: a student can change what the notebook defines.",
        )
    for name in sorted(found & students.names & students.whole):
        yield Problem(
            message=shared_name_message(name, key), file=file, hint=SHARED_NAME_HINT
        )
    left = sorted(found - students.names - set(imports) - USUAL_LIBRARY_NAMES)
    if not left:
        return
    if not students.is_known:
        names = ", ".join(f"“{name}”" for name in left)
        yield Problem(
            message=f"The tests of “{key}” take these names from the notebook: "
            f"{names}. The notebook marks no solution, so it is unknown which of them "
            "students write.",
            file=file,
            hint="Define your own names in the tests: a student can change what the "
            "notebook defines.",
        )
        return
    own = {name for t in trees for node in ast.walk(t) for name in bound_by(node)}
    for name in left:
        if name in own - students.given:
            yield Problem(
                message=f"“{name}” in the tests of “{key}” may be the student's: the "
                "statement that sets it may not run (it is in a loop, a branch, a "
                "`try` or a `with`).",
                file=file,
                hint="Set it in the tests before that. Otherwise a student can set it "
                "in the notebook.",
            )
            continue
        yield Problem(
            message=f"“{name}” in the tests of “{key}” comes from the notebook, so a "
            "student can change its value.",
            file=file,
            hint="Define it in the tests. If it is imported, you can list it under "
            "“imports” in assignment.yaml instead.",
        )


def _looked_up(tree: ast.Module) -> Iterator[str]:
    """Yield the names in `env["name"]` and `env.get("name")`."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(
                value=ast.Name(id=owner), slice=ast.Constant(value=str(name))
            ) if owner == _ENVIRONMENT:
                yield name
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=owner), attr="get"),
                args=[ast.Constant(value=str(name)), *_],
            ) if owner == _ENVIRONMENT:
                yield name


def _asked_of_main(tree: ast.Module) -> Iterator[LookUp]:
    """Yield what functions look up in the module `__main__`, which is the notebook."""
    mains = main_names(tree)
    look_ups = LookUps(mains)
    for node in ast.walk(tree) if mains else ():
        yield from look_ups.of(node, has_all=False)


def _is_environment_complete(tree: ast.Module) -> bool:
    """Return whether each name that is looked up in `env` is a literal text."""
    told: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=owner, slice=ast.Constant()):
                told.add(id(owner))
            case ast.Call(func=ast.Attribute(value=owner), args=[ast.Constant(), *_]):
                told.add(id(owner))
            case ast.Compare(left=ast.Constant(), comparators=[owner]):
                told.add(id(owner))
    return not any(
        isinstance(node, ast.Name) and node.id == _ENVIRONMENT and id(node) not in told
        for node in ast.walk(tree)
    )


def _changed(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement changes in part: `net.append(…)`, `d[0] = 1`."""
    for part in ast.walk(node):
        match part:
            case (
                ast.Subscript(ctx=ast.Store() | ast.Del())
                | ast.Attribute(ctx=ast.Store() | ast.Del())
            ):
                yield from _root(part)
            case ast.Expr(value=ast.Call(func=ast.Attribute() as method)):
                yield from _root(method)


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        yield node.id
