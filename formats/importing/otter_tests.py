"""Read Otter's tests as text, from files in tests/ or from the notebook's metadata."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from formats.assignment.function_tests import (
    parse_module,
    required_parameters,
    validate_parameters,
)
from formats.assignment.manifest import LONGEST_WORDS
from formats.assignment.section_tests import (
    case_functions,
    section_text,
    session_code,
    validate_doctest,
)
from formats.importing.draft import ImportedModule, exact_points, split_evenly
from formats.importing.imported_packages import imports_in_code
from formats.importing.plain_words import plain_words
from formats.problems import Problem, ProblemList
from runner.protocol.jobs import TestStyle

TOGETHER: Final = "all_together"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A test case. `points` is None if it shares the points that the others leave.

    `success` and `failure` are Otter's own messages.
    """

    name: str
    code: str
    is_hidden: bool
    points: Decimal | None = None
    words: str = ""
    success: str = ""
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class OtterTest:
    """The tests of one question. `text` is the module of a question in cases."""

    name: str
    file: str
    style: TestStyle
    points: Decimal | tuple[Decimal, ...] | None
    cases: tuple[Case, ...]
    is_all_or_nothing: bool = False
    text: str = ""
    has_no_format: bool = False


def read_test_file(data: bytes, *, file: str, faults: ProblemList) -> OtterTest | None:
    """Return the test in a file, or None with the reasons noted."""
    tree = parse_module(data, file=file, faults=faults)
    if tree is None:
        return None
    values = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    known = _literal(values.get("OK_FORMAT"))
    if known is False:
        return _read_cases(tree, data, values, file, faults)
    if known is True or "test" in values:
        spec = _literal(values.get("test"))
        test = read_spec(spec, file=file, faults=faults)
        return test and replace(test, has_no_format=known is None)
    faults.add(
        "This is not a test file of Otter's.",
        file=file,
        hint="It must contain OK_FORMAT = True and test = {…}, or OK_FORMAT = False. "
        "Files whose functions are called test_… are in a format that cannot be "
        "imported.",
    )
    return None


def _literal(node: ast.expr | None) -> Any:
    """Return the literal value of an expression, or None if it is no literal."""
    try:
        return None if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


# --- OK format ----------------------------------------------------------------


def read_spec(spec: object, *, file: str, faults: ProblemList) -> OtterTest | None:
    """Return the test in a `test = {…}`, or None with the reasons noted."""
    name = spec.get("name") if isinstance(spec, dict) else None
    suites = spec.get("suites") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(name, str) or not name:
        faults.add(
            "The test is not a dictionary with a name.",
            file=file,
            hint="Write “test” as a dictionary of plain values, without computing any.",
        )
        return None
    if not isinstance(suites, list) or len(suites) != 1:
        faults.add(f"“{name}” must have exactly one suite.", file=file)
        return None
    suite = suites[0] if isinstance(suites[0], dict) else {}
    entries = suite.get("cases")
    if suite.get("setup") or suite.get("teardown"):
        faults.add(
            f"“{name}” has a setup or teardown, which Otter never runs.",
            file=file,
            hint="Write these lines at the start of each case.",
        )
    if not isinstance(entries, list) or not entries:
        faults.add(f"“{name}” has no cases.", file=file)
        return None
    cases = [
        _ok_case(entry, number, name, file, faults)
        for number, entry in enumerate(entries, 1)
    ]
    return OtterTest(
        name=name,
        file=file,
        style=TestStyle.DOCTEST,
        points=_question_points(spec.get("points"), len(cases), name, file, faults),
        cases=_named(cases),
        is_all_or_nothing=spec.get("all_or_nothing") is True,
    )


def _ok_case(
    entry: object, number: int, name: str, file: str, faults: ProblemList
) -> Case:
    fields: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
    code = fields.get("code")
    text = code if isinstance(code, str) else ""
    text = "\n".join(
        line.rstrip() for line in text.strip("\n").expandtabs().split("\n")
    )
    validated = validate_doctest(text)
    if isinstance(validated, Problem):
        faults.add(
            f"“{name}”, case {number}, line {validated.line} of its code: "
            f"{validated.message}",
            file=file,
            hint=validated.hint,
        )
    return Case(
        name=_identifier(fields.get("name"), number),
        code=text,
        is_hidden=fields.get("hidden", True) is not False,
        points=_case_points(
            fields.get("points"), f"“{name}”, case {number}", file, faults
        ),
        words=_words(number),
        success=_message(fields.get("success_message")),
        failure=_message(fields.get("failure_message")),
    )


def _identifier(name: object, number: int) -> str:
    """Return the name of a check as a Python identifier."""
    words = re.sub(r"\W+", "_", name).strip("_")[:60] if isinstance(name, str) else ""
    return words if words.isidentifier() else f"case_{number}"


def _named(cases: list[Case]) -> tuple[Case, ...]:
    """Return the test cases with duplicate names made unique."""
    names = [case.name for case in cases]
    return tuple(
        case if names.count(case.name) == 1 else replace(case, name=f"case_{number}")
        for number, case in enumerate(cases, 1)
    )


def _words(number: int) -> str:
    return f"Case {number}."


def _message(message: object) -> str:
    is_text = isinstance(message, str)
    return plain_words(message, longest=LONGEST_WORDS) if is_text else ""  # type: ignore[arg-type]  # a text


# --- Exception format -----------------------------------------------------------


def _read_cases(
    tree: ast.Module,
    data: bytes,
    values: Mapping[str, ast.expr],
    file: str,
    faults: ProblemList,
) -> OtterTest | None:
    name = _literal(values.get("name"))
    functions = case_functions(tree)
    if not isinstance(name, str) or not name or not functions:
        what = "functions with @test_case" if name else "name = “…”"
        faults.add(f"The test file has no {what}.", file=file)
        return None
    cases = []
    for number, node in enumerate(functions, 1):
        validate_parameters(node, file, faults)
        said = _decoration(node)
        cases.append(
            Case(
                name=node.name,
                code="",
                is_hidden=_literal(said.get("hidden")) is True,
                points=_case_points(
                    _literal(said.get("points")), f"“{node.name}”", file, faults
                ),
                words=_case_words(node, number),
                success=_message(_literal(said.get("success_message"))),
                failure=_message(_literal(said.get("failure_message"))),
            )
        )
    return OtterTest(
        name=name,
        file=file,
        style=TestStyle.CASES,
        points=_question_points(
            _literal(values.get("points")), len(cases), name, file, faults
        ),
        cases=tuple(cases),
        is_all_or_nothing=_literal(values.get("all_or_nothing")) is True,
        text=data.decode("utf-8-sig", "replace"),
    )


def _decoration(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
) -> dict[str, ast.expr]:
    """Return the arguments of @test_case, by the names of its parameters."""
    order = ("name", "points", "hidden", "success_message", "failure_message")
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call):
            said = dict(zip(order, decorator.args, strict=False))
            return said | {
                each.arg: each.value for each in decorator.keywords if each.arg
            }
    return {}


def _case_words(node: ast.FunctionDef | ast.AsyncFunctionDef, number: int) -> str:
    summary = (ast.get_docstring(node) or "").partition("\n\n")[0]
    return plain_words(summary, longest=500) or _words(number)


def cases_together(text: str, names: list[str]) -> str:
    """Return the module with one more case, which passes if all the others do."""
    tree = ast.parse(text)
    found = [node for node in case_functions(tree) if node.name in names]
    parameters: dict[str, None] = {}
    lines = []
    for node in found:
        names_taken = required_parameters(node)
        parameters |= dict.fromkeys(names_taken)
        node.decorator_list = []
        lines += [f"    {line}" for line in ast.unparse(node).split("\n")]
        given = ", ".join(f"{name}={name}" for name in names_taken)
        lines.append(f"    {node.name}({given})")
    head = f"@test_case()\ndef {TOGETHER}({', '.join(parameters)}):"
    return text.rstrip("\n") + "\n\n\n" + "\n".join([head, *lines]) + "\n"


def imports_of(test: OtterTest) -> Iterator[ImportedModule]:
    """Yield the imports of a question's tests, without lines for those in a session."""
    if test.style is TestStyle.CASES:
        yield from imports_in_code(test.text, test.file)
    for number, case in enumerate(test.cases, 1):
        for each in imports_in_code(session_code(case.code), test.file):
            where = f"{test.file}, case {number}"
            yield replace(each, file=where)


# --- Points ---------------------------------------------------------------------


def _case_points(
    value: object, what: str, file: str, faults: ProblemList
) -> Decimal | None:
    if value is None:
        return None
    points = exact_points(value)
    if points is None:
        faults.add(
            f"{what} is worth {value!r}, but points must be a number from 0 up.",
            file=file,
        )
    return points


def _question_points(
    value: object, count: int, name: str, file: str, faults: ProblemList
) -> Decimal | tuple[Decimal, ...] | None:
    if not isinstance(value, list):
        return _case_points(value, f"“{name}”", file, faults)
    points = [exact_points(each) for each in value]
    kept = tuple(each for each in points if each is not None)
    if len(kept) != count:
        faults.add(
            f"“{name}” has {count} cases, and points for {len(kept)} of them.",
            file=file,
            hint="Give one number for each case.",
        )
        return None
    return kept


def points_of_cases(test: OtterTest) -> list[Decimal] | None:
    """Return the points of each case, or None if they exceed those of the question.

    Cases without points share the points that the others leave. If neither the question
    nor a case has points, the cases share one point.
    """
    if isinstance(test.points, tuple):
        return list(test.points)
    said = [case.points for case in test.cases]
    given = sum((points for points in said if points is not None), Decimal(0))
    unset = said.count(None)
    left = Decimal(0)
    if test.points is not None:
        left = test.points - given
    elif given == 0:
        left = Decimal(1) if unset else Decimal(0)
    if left < 0:
        return None
    shares = iter(split_evenly(left, unset))
    return [next(shares) if points is None else points for points in said]


def text_of_tests(test: OtterTest) -> str:
    """Return the question's test file in our format."""
    if test.style is TestStyle.CASES:
        names = [case.name for case in test.cases]
        return cases_together(test.text, names) if test.is_all_or_nothing else test.text
    pieces = [section_text(case.name, case.code) for case in test.cases]
    if test.is_all_or_nothing:
        whole = "\n\n".join(case.code for case in test.cases)
        pieces.append(section_text(TOGETHER, whole))
    return "\n".join(pieces)
