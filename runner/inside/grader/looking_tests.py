"""The tests' source, prepared to look again at what a notebook may have changed."""

import ast
import contextlib
import doctest
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from runner.inside.grader.assertions import (
    Assertions,
    call_of,
    function_of,
    is_changing_method,
)
from runner.inside.grader.changed_arguments import Arguments
from runner.inside.grader.identities import ask_in
from runner.inside.grader.outside_changes import OutsideChanges
from runner.protocol.compared_readings import (
    Comparison,
    find_comparisons,
    without_answers,
)
from runner.protocol.syntax_trees import tree_copy
from runner.protocol.test_expressions import Texts

Tree = TypeVar("Tree", bound=ast.AST)

# The lines that are left of the doctest that is running, which are compiled one by one.
_session: Final[list[Iterator[ast.AST]]] = []


class LookingTests:
    """Prepares a question's tests, and tells `arguments` what each check looks at.

    `libraries` are names that stand for libraries, `defined` those that the staff's own
    notebook defines.
    """

    def __init__(
        self,
        arguments: Arguments,
        libraries: Collection[str],
        defined: Collection[str],
    ) -> None:
        self._arguments = arguments
        self._libraries = libraries
        self._defined = defined
        self._checks: Collection[str] = ()
        # The outermost functions that look at given values, and that compare readings.
        self._looking: set[str] = set()
        self._comparing: set[str] = set()

    def module(self, tree: Tree, checks: Collection[str]) -> Tree:
        """Return the tree of a module that has a function for each check."""
        (made,) = self._prepared([tree], checks)
        return made

    def begin(self, check: str = "") -> None:
        """Begin the check with this name, or the only one."""
        others = set(self._checks) - {check}
        self._arguments.begin(
            is_watching=bool(self._looking - others),
            asks_again=bool(self._comparing - others),
        )

    def script(self, tree: Tree) -> Tree:
        """Return the tree of a check that is a piece of code, which begins now."""
        made = self.module(tree, ())
        self.begin()
        return made

    @contextlib.contextmanager
    def session(self, examples: Iterable[doctest.Example]) -> Iterator[None]:
        """Prepare the lines of a doctest, which are compiled inside."""
        trees: list[ast.AST] = []
        shown: set[int] = set()
        with contextlib.suppress(
            SyntaxError, ValueError
        ):  # running the check raises it
            for number, one in enumerate(examples):
                trees.append(ast.parse(one.source))
                if one.want:
                    shown.add(number)
        made = self._prepared(trees, (), shown, shows=True)
        self.begin()
        _session[:] = [iter(made)]
        try:
            yield
        finally:
            _session.clear()

    def _prepared(
        self,
        trees: Sequence[Tree],
        checks: Collection[str],
        shown: Collection[int] = (),
        *,
        shows: bool = False,
    ) -> Sequence[Tree]:
        """Return the trees, or those that came if the text is nested too deeply."""
        self._checks, self._looking, self._comparing = checks, set(), set()
        try:
            copies = [tree_copy(tree) for tree in trees]
            texts = Texts(copies, self._libraries, self._defined)
            comparisons = list(find_comparisons(copies, texts, shown))
            is_own = without_answers(copies, texts)
            outside = OutsideChanges(copies, is_changing_method)
            assertions = Assertions(texts, outside, is_own, checks, shows=shows)
            twice = _ComparesTwice(comparisons)
            made = [
                ast.fix_missing_locations(twice.visit(assertions.visit(tree)))
                for tree in copies
            ]
        except RecursionError:
            return trees
        self._looking = assertions.functions
        if any(map(ask_in, trees)):
            self._looking.add("")
        self._comparing = {one.function for one in comparisons}
        return made


class _ComparesTwice(ast.NodeTransformer):
    """Replace an expression that compares readings: `(it, NAME.compared(…))[0]`."""

    def __init__(self, comparisons: Iterable[Comparison]) -> None:
        self._comparisons = {id(one.node): one for one in comparisons}

    def visit(self, node: ast.AST) -> Any:
        found = self._comparisons.pop(id(node), None)
        inner: Any = self.generic_visit(node)
        if found is None:
            return inner
        reads = (
            function_of(ast.parse(one, mode="eval").body)
            for one in sorted(found.readings)
        )
        parts = [inner, call_of("compared", *reads)]
        pair = ast.Tuple(elts=parts, ctx=ast.Load())
        made = ast.Subscript(value=pair, slice=ast.Constant(0), ctx=ast.Load())
        return ast.copy_location(made, node)


def next_line(tree: Tree) -> Tree:
    """Return the tree of the running doctest's next line, as it was prepared."""
    for lines in _session:
        made = next(lines, None)
        if made is not None:
            tree.body = made.body  # type: ignore[attr-defined]  # a module or a line has one
    return tree
