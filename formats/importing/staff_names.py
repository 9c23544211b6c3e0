"""Copy names that staff give beside the tests into the tests that use them.

A test finds a name that it does not bind in the student's notebook, where a student can
give it another value. `rel_error = lambda *_: 0` would pass every question whose tests
measure with `rel_error`. So the staff's definitions outside solutions are written above
the tests that use them, if they mean the same there.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from formats.importing.draft import Draft
from formats.importing.reads import Reads, reads_of
from formats.importing.statements import (
    Author,
    AuthoredCell,
    Statement,
    changed_names,
    dotted,
    is_builtin,
    latest_bindings,
    statements_of,
)


@dataclass(frozen=True, kw_only=True)
class Preamble:
    """The text to put above a question's tests, and the names that it binds.

    `kept` are names that staff give and the tests use, but that stay the notebook's
    own. `shared` are names that staff give and a solution binds again.
    """

    source: str = ""
    names: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


class StaffNames:
    """The names that a staff notebook gives to its tests."""

    def __init__(self, cells: Sequence[AuthoredCell]) -> None:
        self._statements = statements_of(cells)
        self._changed = changed_names(self._statements)
        self._students = {
            name
            for each in self._statements
            if each.author is Author.STUDENT
            for name in each.binds
        }
        self._answered = {
            name
            for each in self._statements
            if each.author is Author.STUDENT
            for name in each.uses
        }

    def preamble_of(self, tests: str, *, cell: int) -> Preamble:
        """Return what the tests in a cell need of the cells above it."""
        if not self._students:
            # It is unknown what students write: it may be any name.
            return Preamble()
        known = latest_bindings(self._statements, cell)
        asked = reads_of(tests)
        wanted = _given_among(asked.all, known)
        question = _Question(known, self._changed, self._students, self._answered)
        banned = _banned(tests, asked, known)
        found = question.movable([n for n in wanted if n not in banned], tests)
        moved = question.with_needs(found)
        binds = {name for each in moved for name in each.binds}
        read = asked.all.union(*(each.uses for each in moved)) - binds
        if not read & self._students:
            # If the tests use no name of the students', they may test the given code
            # itself.
            found, moved = [], []
        return Preamble(
            source="\n\n".join(each.source for each in moved),
            names=tuple(found),
            kept=tuple(name for name in wanted if name not in found),
            shared=tuple(self._shared(asked.names, known, cell)),
        )

    def _shared(
        self, names: Collection[str], known: Mapping[str, Statement], cell: int
    ) -> Iterator[str]:
        """Yield the names that a solution binds last and that staff gave before."""
        given = completely_defined(
            each for each in self._statements if each.cell < cell
        )
        for name in sorted(given.intersection(names)):
            if known[name].author is Author.STUDENT:
                yield name

    def used_by(self, tests: str) -> list[str]:
        """Return the names that tests at the end use and that staff bind last."""
        if not self._students:
            return []
        last = max((each.cell for each in self._statements), default=0)
        return _given_among(
            reads_of(tests).all, latest_bindings(self._statements, last + 1)
        )


def completely_defined(statements: Iterable[Statement]) -> set[str]:
    """Return the names that staff define completely, or that a test cell binds."""
    return {
        name
        for each in statements
        if not each.is_import
        and (
            each.author is Author.TESTS
            or (each.author is Author.GIVEN and each.is_complete())
        )
        for name in each.binds
    }


def _banned(tests: str, asked: Reads, known: Mapping[str, Statement]) -> frozenset[str]:
    """Return the given functions and classes that the tests replace in the notebook.
    Such tests check whether students' work calls the notebook's own function, so they
    must save and restore that function.
    """
    names = {*asked.replaced, *_swapped(tests)}
    return frozenset(
        name
        for name in names & known.keys()
        if known[name].is_function or isinstance(known[name].node, ast.ClassDef)
    )


def _swapped(tests: str) -> Iterator[str]:
    """Yield the names to which the tests assign another name's value, or a mock."""
    try:
        tree = ast.parse(tests)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            for name, value in _pairs(target, node.value):
                is_mock = isinstance(value, ast.Call) and "Mock" in dotted(value.func)
                is_swap = is_mock or isinstance(value, ast.Name)
                if is_swap and isinstance(name, ast.Name):
                    yield name.id


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        yield from zip(target.elts, value.elts, strict=False)
    else:
        yield target, value


def _given_among(names: Collection[str], known: Mapping[str, Statement]) -> list[str]:
    return [
        name
        for name in sorted(names)
        if name in known
        and known[name].author is not Author.STUDENT
        and not known[name].is_import
    ]


def note_staff_names(draft: Draft, key: str, preamble: Preamble, **place: Any) -> None:
    """Add notes on which names in a question's tests come from staff and which do not."""
    if preamble.names:
        names = ", ".join(f"“{name}”" for name in preamble.names)
        draft.note(
            f"The tests of “{key}” have a copy of {names} from the staff's notebook.",
            hint="The definition was copied into the tests. A change in a student's "
            "notebook changes nothing there.",
            **place,
        )
    for name in preamble.kept:
        draft.note(
            f"“{name}” in the tests of “{key}” comes from the notebook, so a student "
            "can change its value.",
            hint="If the marks depend on it, define it in the tests themselves.",
            **place,
        )
    for name in preamble.shared:
        draft.note(shared_name_message(name, key), hint=SHARED_NAME_HINT, **place)


SHARED_NAME_HINT: Final = (
    "If no student has to write it, define it in the tests themselves, or give it "
    "another name in the solution."
)


def shared_name_message(name: str, key: str) -> str:
    """Return the note on a name that staff give and a solution binds again."""
    return (
        f"“{name}” in the tests of “{key}” comes from the student's work: a solution "
        "sets it, although staff set it too."
    )


class _Question:
    """Decides which definitions move to the tests of one question."""

    def __init__(
        self,
        known: Mapping[str, Statement],
        changed: Collection[str],
        students: Collection[str],
        answered: Collection[str],
    ) -> None:
        self._known, self._changed = known, changed
        self._students, self._answered = students, answered

    def movable(self, wanted: Sequence[str], tests: str) -> list[str]:
        """Return the names that mean the same beside the tests."""
        kept = [name for name in wanted if self._is_sound(name, frozenset())]
        # An object that is passed to the students' code must be the notebook's own.
        return [name for name in kept if not self._is_passed(name, tests, kept)]

    def with_needs(self, names: Sequence[str]) -> list[Statement]:
        """Return the statements that bind the names and all they need, in order."""
        found: dict[int, Statement] = {}
        waiting = list(names)
        while waiting:
            each = self._known.get(waiting.pop())
            is_theirs = each is None or each.author is Author.STUDENT
            if each is not None and not is_theirs and each.place not in found:
                found[each.place] = each
                waiting += each.reads.all
        return [found[place] for place in sorted(found)]

    def _is_sound(self, name: str, above: frozenset[str]) -> bool:
        each = self._known.get(name)
        if each is None:
            return is_builtin(name)
        if each.author is Author.STUDENT:
            return False
        if name in above or each.is_import:
            return "*" not in each.binds
        is_own = all(self._known.get(other) is each for other in each.binds)
        if name in self._changed or not is_own or not each.is_complete():
            return False
        needs = {*each.uses, *(each.reads.mentioned & self._known.keys())}
        return all(self._is_need_sound(each, need, above | {name}) for need in needs)

    def _is_need_sound(self, each: Statement, need: str, above: frozenset[str]) -> bool:
        other = self._known.get(need)
        if other is not None and other.author is Author.STUDENT:
            # A helper of a test cell may use students' work, which it finds when it is
            # called.
            return each.author is Author.TESTS and each.is_lazy
        if other is not None and not each.is_lazy and other.place >= each.place:
            return False
        return self._is_sound(need, above)

    # --- Objects passed to students' code -------------------------------------------

    def _is_passed(self, name: str, tests: str, preamble: Collection[str]) -> bool:
        """Return whether students' code gets the function or an object of the class."""
        moved = self.with_needs([name])
        names = {one: each for each in moved for one in each.binds}
        classes = {n for n, s in names.items() if isinstance(s.node, ast.ClassDef)}
        if classes & set(self._answered) or any(
            isinstance(each.node, ast.FunctionDef | ast.ClassDef)
            and each.binds & set(self._answered)
            for each in moved
            if each.uses & classes
        ):
            return True
        functions = {name} if self._known[name].is_function else set()
        makers = {
            one for one, each in names.items() if one in classes or each.uses & classes
        }
        try:
            tree = ast.parse("\n\n".join([*(one.source for one in moved), tests]))
        except (SyntaxError, ValueError, RecursionError):
            return True
        safe = set(preamble) | set(names) | _defined(tree)
        return _Flow(functions, makers, safe, self._students).reaches(tree)


class _Flow:
    """Follows functions, and objects of classes, through the names of a test."""

    def __init__(
        self,
        functions: Collection[str],
        makers: Collection[str],
        safe: Collection[str],
        students: Collection[str],
    ) -> None:
        self._functions, self._makers = set(functions), set(makers)
        self._safe, self._students = set(safe), set(students)

    def reaches(self, tree: ast.Module) -> bool:
        """Return whether one of them is passed to a call of the students' code."""
        while self._spread(tree):
            pass
        return any(
            self._meets(node) for node in ast.walk(tree) if isinstance(node, ast.Call)
        )

    def _spread(self, tree: ast.Module) -> bool:
        count = len(self._functions) + len(self._makers)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                targets = {
                    part.id
                    for target in node.targets
                    for part in ast.walk(target)
                    if isinstance(part, ast.Name)
                }
                if self._makers & _loaded(node.value):
                    self._makers |= targets
                if self._functions & set(_bare(node.value)):
                    self._functions |= targets
        return len(self._functions) + len(self._makers) > count

    def _meets(self, call: ast.Call) -> bool:
        parts = [*call.args, *(keyword.value for keyword in call.keywords)]
        loaded = {name for part in parts for name in _loaded(part)}
        bare = {name for part in parts for name in _bare(part)}
        root = dotted(call.func).partition(".")[0]
        is_safe = root not in self._students and (
            root in self._safe or is_builtin(root)
        )
        has_object = bool(self._makers & loaded)
        kinds = {"isinstance", "issubclass"}
        if has_object and (not is_safe or loaded & self._students or root in kinds):
            return True
        is_theirs = root in self._students
        return is_theirs and bool(self._functions & bare)


def _loaded(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _bare(node: ast.AST) -> Iterator[str]:
    """Yield the names in an expression that are not called there."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.Name):
            yield part.id
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            waiting += [*part.args, *(keyword.value for keyword in part.keywords)]
        else:
            waiting += ast.iter_child_nodes(part)


def _defined(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {one.asname or one.name.partition(".")[0] for one in names}
    return found
