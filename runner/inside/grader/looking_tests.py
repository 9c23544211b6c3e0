"""The tests' source, prepared to ask about arguments where it looks at them."""

import ast
import contextlib
import doctest
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from runner.inside.grader.changed_arguments import Arguments, looking
from runner.protocol.argument_looks import Looks, dump_of

Tree = TypeVar("Tree", bound=ast.AST)

# The doctest that is running, whose lines are compiled one by one.
_session: Final[list[Looks]] = []


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
        self._looks: Looks | None = None
        self._checks: Collection[str] = ()

    def module(self, tree: Tree, checks: Collection[str]) -> Tree:
        """Return the tree of a module that has a function for each check."""
        self._looks = self._found([tree])
        self._checks = checks
        return tree if self._looks is None else looking(tree, self._looks.found)

    def begin(self, check: str = "") -> None:
        """Begin the check with this name, or the only one."""
        looks = [] if self._looks is None else self._looks.found
        mine = [
            look
            for look in looks
            if look.function == check or look.function not in self._checks
        ]
        self._arguments.begin(
            is_watching=any(look.leaves for look in mine),
            asks_again=any(look.readings for look in mine),
        )

    def script(self, tree: Tree) -> Tree:
        """Return the tree of a check that is a piece of code, which begins now."""
        made = self.module(tree, ())
        self.begin()
        return made

    @contextlib.contextmanager
    def session(self, examples: Iterable[doctest.Example]) -> Iterator[None]:
        """Prepare the lines of a doctest, which are compiled inside."""
        trees: list[ast.Module] = []
        shown: set[str] = set()
        with contextlib.suppress(
            SyntaxError, ValueError
        ):  # running the check raises it
            for one in examples:
                trees.append(ast.parse(one.source))
                if one.want:
                    shown.add(dump_of(trees[-1]))
        self._looks = self._found(trees, shown)
        self._checks = ()
        self.begin()
        _session[:] = [] if self._looks is None else [self._looks]
        try:
            yield
        finally:
            _session.clear()

    def _found(
        self, trees: Sequence[ast.AST], shown: Collection[str] = ()
    ) -> Looks | None:
        """Return the looks, or None if the text is nested too deeply to follow."""
        with contextlib.suppress(RecursionError):
            return Looks(
                trees, libraries=self._libraries, defined=self._defined, shown=shown
            )
        return None


def next_line(tree: Tree) -> Tree:
    """Return the tree of the running doctest's next line."""
    for looks in _session:
        return looking(tree, looks.of_line(tree))
    return tree
