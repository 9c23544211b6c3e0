"""The tests' source, prepared to ask about arguments where it looks at them."""

import ast
import contextlib
from collections.abc import Collection, Iterable, Iterator
from typing import Final, TypeVar

from runner.inside.grader.changed_arguments import Arguments, looking
from runner.protocol.argument_looks import Looks

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

    def module(self, tree: Tree, checks: Collection[str]) -> Tree:
        """Return the tree of a module that has a function for each check."""
        self._looks = self._found([tree], checks=checks)
        return tree if self._looks is None else looking(tree, self._looks.found)

    def begin(self, check: str = "") -> None:
        """Begin the check with this name, or the only one."""
        looks = self._looks
        self._arguments.begin(
            is_watching=looks is not None and looks.are_in(check),
            asks_again=looks is not None and looks.are_readings_compared_in(check),
        )

    def script(self, tree: Tree) -> Tree:
        """Return the tree of a check that is a piece of code, which begins now."""
        made = self.module(tree, ())
        self.begin()
        return made

    @contextlib.contextmanager
    def session(self, sources: Iterable[str]) -> Iterator[None]:
        """Prepare the lines of a doctest, which are compiled inside."""
        trees: list[ast.AST] = []
        with contextlib.suppress(
            SyntaxError, ValueError
        ):  # running the check raises it
            trees += [ast.parse(source) for source in sources]
        self._looks = self._found(trees, shows_lines=True)
        self.begin()
        _session[:] = [] if self._looks is None else [self._looks]
        try:
            yield
        finally:
            _session.clear()

    def _found(
        self,
        trees: list[ast.AST],
        *,
        checks: Collection[str] = (),
        shows_lines: bool = False,
    ) -> Looks | None:
        """Return the looks, or None if the text is nested too deeply to follow."""
        with contextlib.suppress(RecursionError):
            return Looks(
                trees,
                libraries=self._libraries,
                defined=self._defined,
                checks=checks,
                shows_lines=shows_lines,
            )
        return None


def next_line(tree: Tree) -> Tree:
    """Return the tree of the running doctest's next line."""
    for looks in _session:
        return looking(tree, looks.follow(tree))
    return tree
