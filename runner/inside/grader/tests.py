"""The four styles of tests, each run to a score between 0 and 1 and a message."""

import ast
import contextlib
import doctest
import inspect
import io
import linecache
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from runner.inside.grader import (
    changed_arguments,
    check_helpers,
    class_bodies,
    class_hashes,
    empty_values,
    error_bases,
    identities,
    refusals,
    string_formatting,
    workers,
)
from runner.inside.grader.fixed_seeds import FixedSeeds
from runner.inside.grader.given_folders import Folders
from runner.inside.grader.global_names import with_globals_as_items
from runner.inside.grader.handles import is_handle
from runner.inside.grader.looking_tests import LookingTests, next_line
from runner.inside.grader.main_module import Main, as_main
from runner.inside.grader.names import AllNames, Library, Names
from runner.inside.grader.otter_decorator import otter_installed
from runner.inside.grader.replayed_output import Hearing
from runner.inside.grader.shown_values import Shown
from runner.inside.grader.snapshot_client import SnapshotClient
from runner.inside.grader.staff_texts import STAFF_TEXTS
from runner.protocol import check_words
from runner.protocol.jobs import CheckSpec, QuestionSpec, TestStyle
from runner.wire.link import Link

_RETURNED: Final = "__returned__"
# The value of a check whose `return f(x)` returns nothing because f does.
_NOTHING: Final = object()
_TRACEBACK: Final = "Traceback (most recent call last):\n"
_RAISED: Final = re.compile(r"^([\w.]+)(?::|$)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class QuestionContext:
    """The folders and names that a question's tests run with.

    `defined` are the names that the staff's notebook defines, `classes` and `functions`
    those of them that are classes and functions, and `methods` the names of the methods
    of its classes and objects.
    """

    files: Path
    private: Path
    library: Library
    defined: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()

    @property
    def folders(self) -> Folders:
        """The two folders that a test reads from."""
        return Folders(self.files, self.private)


def student_for(
    link: Link, context: QuestionContext, seeds: FixedSeeds | None = None
) -> SnapshotClient:
    """Return a conversation over the link for tests that run with this context."""
    return SnapshotClient(
        link,
        context.classes,
        context.folders,
        seeds=seeds,
        methods=context.methods,
        functions=context.functions,
    )


class WrongAnswerError(AssertionError):
    """Raised when a doctest did not give what stands below one of its lines.

    `error` is the exception that the first such line raised where none was expected, or
    None. `ename` names the exception that it raised in place of another one, or is "".
    """

    def __init__(
        self, words: str, *, error: BaseException | None = None, ename: str = ""
    ) -> None:
        super().__init__(words)
        self.error = error
        self.ename = ename


class Tests:
    """One question's tests, ready to run. Raises what the tests' own source raises."""

    __test__ = False

    def __init__(
        self, question: QuestionSpec, student: SnapshotClient, context: QuestionContext
    ) -> None:
        self._question = question
        self._student = student
        self._context = context
        self._space: dict[str, Any] = {
            "__name__": "checks",
            string_formatting.NAME: string_formatting.format_of,
            empty_values.NAME: empty_values.apply_operator,
            class_hashes.NAME: class_hashes.hash_as_class_gives_it,
            error_bases.NAME: error_bases.class_asked_for,
            identities.NAME: identities.is_same,
            changed_arguments.NAME: student.arguments,
        }
        self._looking = LookingTests(
            student.arguments, context.library.names, context.defined
        )
        self._main = Main()
        identities.compare_given_by(student.arguments.given_back.are_one)
        check_helpers.install(lambda: student.arguments.is_comparing)
        STAFF_TEXTS.use_sources(_sources(question))
        if question.style in {TestStyle.FUNCTIONS, TestStyle.CASES}:
            self._space[_RETURNED] = _returned
            workers.set_picklable_names(self._space)
            refusals.forget()
            with as_main(self._main, None):
                self._execute(question)
            refused = refusals.first()
            if refused is not None:  # even if the source has caught it
                raise refused

    def run(self, check: CheckSpec) -> tuple[float, str]:
        """Return the check's score and its message, or raise what the check raises."""
        match self._question.style:
            case TestStyle.SCRIPT:
                return self._run_script(check)
            case TestStyle.DOCTEST:
                return self._run_doctest(check)
            case TestStyle.FUNCTIONS | TestStyle.CASES:
                self._looking.begin(check.name)
                return self._run_function(self._space[check.name])

    def _execute(self, question: QuestionSpec) -> None:
        name = f"<tests of {question.key}>"
        _remember(name, question.source)
        tree = ast.parse(question.source, name)
        checks = {check.name for check in question.checks}
        tree = self._looking.module(tree, checks)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in checks:
                _ReturnsNothing().generic_visit(node)
        code = compile(_guarded(tree), name, "exec")
        with otter_installed():
            exec(code, self._space)  # noqa: S102 - the assignment's own tests

    # --- Functions ---------------------------------------------------------------

    def _run_function(self, check: Callable[..., object]) -> tuple[float, str]:
        # A parameter with a default is the test's own constant, not a name of the notebook.
        values = {
            name: self._argument(name)
            for name, parameter in inspect.signature(check).parameters.items()
            if parameter.default is parameter.empty
        }
        with as_main(self._main, self._names()):
            value = check(**values)
        if value is _NOTHING:
            raise check_words.NotAScoreError(None)
        return check_words.score_of(_plain(value))

    def _argument(self, name: str) -> Any:
        if name == "files":
            return self._context.files
        if name == "private":
            return self._context.private
        if name == "env" and self._question.style is TestStyle.CASES:
            return AllNames(self._student)
        return self._student.name(name)

    # --- Pieces of a notebook -------------------------------------------------------

    def _names(self) -> Names:
        return Names(self._student, self._context.library, self._context.defined)

    @contextlib.contextmanager
    def _in_notebook(self, names: Names) -> Iterator[None]:
        workers.set_picklable_names(names)
        try:
            with as_main(self._main, names):
                yield
        finally:
            workers.set_picklable_names({})

    def _run_script(self, check: CheckSpec) -> tuple[float, str]:
        """Run a piece of code. If it ends in a number, that is the points it gives."""
        name = f"<check {check.name}>"
        _remember(name, check.source)
        tree = class_bodies.with_global_names(
            with_globals_as_items(
                _guarded(self._looking.script(ast.parse(check.source, name)))
            )
        )
        names = self._names()
        last = tree.body[-1] if tree.body else None
        with self._in_notebook(names):
            if not isinstance(last, ast.Expr):
                exec(compile(tree, name, "exec"), names)  # noqa: S102 - the assignment's own tests
                return check_words.score_or_zero(None)
            tree.body.pop()
            exec(compile(tree, name, "exec"), names)  # noqa: S102 - same
            value = eval(compile(ast.Expression(last.value), name, "eval"), names)  # noqa: S307 - same
        return _share(_plain(value), check.worth)

    def _run_doctest(self, check: CheckSpec) -> tuple[float, str]:
        """Run an interpreter session: every line must print what stands below it."""
        examples = doctest.DocTestParser().get_examples(check.source, check.name)
        test = doctest.DocTest(examples, {}, check.name, None, 0, check.source)
        test.globs = names = self._names()
        runner = _DoctestRunner(self._student, names)
        words = io.StringIO()
        with self._looking.session(examples), self._in_notebook(names):
            runner.run(test, out=words.write, clear_globs=False)
        if runner.failures:
            raise WrongAnswerError(
                words.getvalue(), error=runner.error, ename=runner.ename
            )
        return check_words.score_or_zero(None)


def _guarded(tree: Any) -> Any:
    """Return the tree with guards around its templates, operators, hashes and `is`.

    And around `issubclass`.
    """
    for guarded in (
        string_formatting.with_checked_templates,
        empty_values.with_checked_operators,
        class_hashes.with_class_hashes,
        error_bases.with_asked_bases,
        identities.with_asked_identities,
    ):
        tree = guarded(tree)
    return tree


def _compiled_example(
    source: str,
    name: str,
    mode: str,
    flags: int,
    dont_inherit: bool,  # noqa: FBT001 - as `compile`
) -> Any:
    """Compile an example of a doctest in the same way as the tests of other styles."""
    tree: Any = compile(source, name, mode, flags | ast.PyCF_ONLY_AST, dont_inherit)
    tree = next_line(tree)
    tree = class_bodies.with_global_names(with_globals_as_items(_guarded(tree)))
    return compile(tree, name, mode, flags, dont_inherit)


# doctest looks up `compile` among its own globals before it takes Python's own.
vars(doctest)["compile"] = _compiled_example


def _sources(question: QuestionSpec) -> Iterator[str]:
    """Yield every piece of Python source in the question's tests."""
    yield question.source
    parser = doctest.DocTestParser()
    for check in question.checks:
        if question.style is TestStyle.DOCTEST:
            with contextlib.suppress(ValueError):  # running the check raises it
                yield from (one.source for one in parser.get_examples(check.source))
        else:
            yield check.source


class _ReturnsNothing(ast.NodeTransformer):
    """Mark the returns of a check that give a value.

    A check without a return value passes. A check whose `return f(x)` gave None does
    not: it would pass for a function without a body.
    """

    def visit_Return(self, node: ast.Return) -> ast.Return:
        is_nothing = isinstance(node.value, ast.Constant) and node.value.value is None
        if node.value is not None and not is_nothing:
            name = ast.Name(id=_RETURNED, ctx=ast.Load())
            call = ast.Call(func=name, args=[node.value], keywords=[])
            node.value = ast.copy_location(call, node.value)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return node  # a nested function's returns are not the check's

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]  # noqa: N815 - same
    visit_Lambda = visit_FunctionDef  # type: ignore[assignment]  # noqa: N815 - same


def _returned(value: object) -> object:
    return _NOTHING if value is None else value


class _DoctestRunner(doctest.DocTestRunner):
    """A doctest runner that takes what the student's code prints as a line's output.

    It does so only for a line that is a call of the student's code. It keeps the
    exception of the first line that failed.
    """

    error: BaseException | None = None
    ename = ""
    _has_failed = False

    def __init__(self, student: SnapshotClient, names: Names) -> None:
        self._shown = Shown(lambda: student.hearing.has_missed)
        super().__init__(checker=self._shown, verbose=False)
        self._student = student
        self._names = names

    def report_start(
        self, out: Any, test: doctest.DocTest, example: doctest.Example
    ) -> None:
        """Note whether the next line is a call of the student's code and nothing else."""
        self._student.hearing = Hearing(self._is_call(example.source))
        self._shown.begin(example)

    def run(self, *given: Any, **named: Any) -> Any:
        """Run the lines, noting what they show."""
        with self._shown.noting():
            return super().run(*given, **named)

    def _is_call(self, source: str) -> bool:
        with contextlib.suppress(SyntaxError):
            match ast.parse(source).body:
                case [ast.Expr(value=ast.Call(func=called))]:
                    while isinstance(called, ast.Attribute | ast.Call):
                        called = getattr(called, "value", None) or called.func  # type: ignore[union-attr]  # a call has no value
                    if isinstance(called, ast.Name):
                        return is_handle(self._names.get(called.id))
        return False

    def report_unexpected_exception(
        self, out: Any, test: Any, example: Any, exc_info: Any
    ) -> None:
        if not self._has_failed:
            self.error = exc_info[1]
        self._has_failed = True
        super().report_unexpected_exception(out, test, example, exc_info)

    def report_failure(self, out: Any, test: Any, example: Any, got: str) -> None:
        if not self._has_failed and example.exc_msg is not None:
            # doctest gives an unexpected exception as text only where another is
            # expected.
            found = _RAISED.search(got.rpartition(_TRACEBACK)[2])
            self.ename = found[1] if found and _TRACEBACK in got else ""
        self._has_failed = True
        if self._student.hearing.has_missed:
            out(
                "The student's code printed something on a line that does not hear it.\n"
            )
        super().report_failure(out, test, example, got)


def _plain(value: object) -> object:
    """Return the number or truth value that a numpy or torch scalar stands for."""
    if isinstance(value, np.generic):
        return value.item()
    if type(value) in {np.ndarray, torch.Tensor} and getattr(value, "ndim", 1) == 0:
        return value.item()  # type: ignore[attr-defined]  # an array or a tensor
    return value


def _share(value: object, worth: float) -> tuple[float, str]:
    """Return the score and message of a script that ended in this value.

    A number is points out of `worth`. Raises NotAScoreError for a value that is not a
    score.
    """
    if type(value) in {int, float}:
        share = value / worth if worth > 0 else float(bool(value))  # type: ignore[operator]  # a number
        try:
            return check_words.score_of(share)
        except check_words.NotAScoreError:
            raise check_words.NotAScoreError(value, max(worth, 1)) from None
    return check_words.score_of(value)


def _remember(name: str, source: str) -> None:
    """Keep the test's source, so that the tracebacks for staff show its lines."""
    lines = source.splitlines(keepends=True)
    linecache.cache[name] = (len(source), None, lines, name)
