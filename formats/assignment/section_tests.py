"""Read test files of the styles script, doctest and cases as text.

A script or doctest file is cut into sections, one for each check, by lines such as `#
%% values`. Nothing is executed.
"""

import ast
import doctest
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from formats.assignment.function_tests import (
    FoundCheck,
    find_functions,
    parse_module,
    read_functions,
    validate_parameters,
)
from formats.problems import Problem, ProblemList
from formats.unreadable_files import Reason, text_of
from runner.protocol.jobs import TestStyle

_HEAD: Final = re.compile(r"# %% (\S+)\s*")
_CUT: Final = re.compile(r"\s*# *%%.*")
_MAGIC: Final = re.compile(r"\s*(%|!)|.*[^?#'\"]\?{1,2}\s*$")


@dataclass(frozen=True, kw_only=True)
class Section:
    """The code of one check, and the line of its head in the file."""

    name: str
    source: str
    line: int


def split_sections(text: str) -> list[Section]:
    """Return the file's sections in order, without lines before the first head."""
    sections: list[Section] = []
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        head = _HEAD.fullmatch(line)
        if head:
            lines = []
            sections.append(Section(name=head[1], source="", line=number))
        elif sections:
            lines.append(line)
            last = sections[-1]
            source = "\n".join(lines).rstrip("\n") + "\n"
            sections[-1] = Section(name=last.name, source=source, line=last.line)
    return sections


def section_text(name: str, source: str) -> str:
    """Return the text of a section, which split_sections reads as one section."""
    lines = [
        line.replace("%%", "% %", 1) if _CUT.fullmatch(line) else line
        for line in source.strip("\n").splitlines()
    ]
    return "\n".join([f"# %% {name}", *lines]) + "\n"


def parsed_tests(text: str, style: TestStyle) -> Iterator[tuple[ast.Module, int]]:
    """Yield the syntax trees of a test file, each with the number of lines above it.

    A module is one tree, and so is each section. Pieces that are not Python are left
    out.
    """
    pieces = [(text, 0)]
    if style.has_sections:
        pieces = [(each.source, each.line) for each in split_sections(text)]
    for source, line in pieces:
        code = session_code(source) if style == TestStyle.DOCTEST else source
        tree = _parsed(code)
        if isinstance(tree, ast.Module):
            yield tree, line


def session_code(source: str) -> str:
    """Return the code typed in an interpreter session, each line at its own place."""
    try:
        examples = doctest.DocTestParser().get_examples(source)
    except ValueError:
        return ""
    lines = [""] * (source.count("\n") + 1)
    for example in examples:
        for number, line in enumerate(example.source.splitlines(), example.lineno):
            lines[number] = line
    return "\n".join(lines)


def read_tests(
    data: bytes, style: TestStyle, *, file: str, faults: ProblemList
) -> dict[str, FoundCheck] | None:
    """Return the checks of a test file by name, or None with the reason noted.

    Line numbers are those of the file. The summary of a check is the docstring of its
    code.
    """
    if style == TestStyle.FUNCTIONS:
        return read_functions(data, file=file, faults=faults)
    if style == TestStyle.CASES:
        return _read_cases(data, file, faults)
    return _read_sections(data, style, file, faults)


# --- Sections -----------------------------------------------------------------


def _read_sections(
    data: bytes, style: TestStyle, file: str, faults: ProblemList
) -> dict[str, FoundCheck] | None:
    text = text_of(data, "a test file")
    if isinstance(text, Reason):
        faults.add(text.message, file=file, line=text.line, hint=text.hint)
        return None
    _check_start(text, file, faults)
    found: dict[str, FoundCheck] = {}
    read = _VALIDATORS[style]
    for section in split_sections(text):
        if section.name in found:
            faults.add(
                f"“{section.name}” has a section already.",
                file=file,
                line=section.line,
                hint="Rename one of the two.",
            )
        summary = _summarise(read, section, file, faults)
        found[section.name] = FoundCheck(line=section.line, summary=summary)
    return found


def _check_start(text: str, file: str, faults: ProblemList) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        if _HEAD.fullmatch(line):
            return
        if line.strip() and not line.lstrip().startswith("#"):
            faults.add(
                "This line is in no section and would never run.",
                file=file,
                line=number,
                hint="Begin each check with a line such as “# %% values”.",
            )
            return


def _summarise(
    validate: "Callable[[str], Problem | str]",
    section: Section,
    file: str,
    faults: ProblemList,
) -> str:
    found = validate(section.source)
    if isinstance(found, str):
        return found
    faults.add(
        f"“{section.name}”: {found.message}",
        file=file,
        line=section.line + (found.line or 1),
        hint=found.hint,
    )
    # A fault was noted already. With an empty summary, a second one would be noted.
    return section.name


def is_without_code(source: str) -> bool:
    """Return whether the text is empty or has comments only."""
    tree = _parsed(source)
    return isinstance(tree, ast.Module) and not tree.body


def validate_script(source: str) -> Problem | str:
    """Return the summary in the code's docstring, or why it cannot run."""
    tree = _parsed(source)
    if isinstance(tree, Problem):
        return tree
    if not tree.body:
        return Problem(
            message="there is no code.", line=1, hint="Write it, or remove it."
        )
    summary = (ast.get_docstring(tree) or "").partition("\n\n")[0]
    return " ".join(summary.split())


def validate_doctest(source: str) -> Problem | str:
    """Return "", or why the text is no interpreter session that can be replayed."""
    try:
        examples = doctest.DocTestParser().get_examples(source)
    except ValueError as error:
        place = re.search(r"line (\d+)", str(error))
        return Problem(
            message="this is not an interpreter session.",
            line=int(place[1]) if place else 1,
            hint="Put a space after each “>>>” and “...”, and indent all lines alike.",
        )
    if not examples:
        return Problem(
            message="there is no line that begins with “>>>”.",
            line=1,
            hint="Write what is typed after “>>> ”, and below it what is printed.",
        )
    for example in examples:
        tree = _parsed(example.source)
        if isinstance(tree, Problem):
            line = example.lineno + (tree.line or 1)
            return Problem(message=tree.message, line=line, hint=tree.hint)
    return ""


_VALIDATORS: Final = {
    TestStyle.SCRIPT: validate_script,
    TestStyle.DOCTEST: validate_doctest,
}


def _parsed(source: str) -> ast.Module | Problem:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        line = error.lineno or 1
        lines = source.splitlines()
        text = lines[line - 1] if line <= len(lines) else ""
        if _MAGIC.match(text):
            return Problem(
                message="this is IPython's own syntax, which a test cannot use.",
                line=line,
                hint="Write it in Python, or move it to a cell that is not a test.",
            )
        return Problem(message=f"this is not Python: {error.msg}.", line=line)
    except (ValueError, RecursionError, MemoryError):
        return Problem(message="this Python cannot be read.", line=1)


# --- Cases --------------------------------------------------------------------


def _read_cases(
    data: bytes, file: str, faults: ProblemList
) -> dict[str, FoundCheck] | None:
    tree = parse_module(data, file=file, faults=faults)
    if tree is None:
        return None
    nodes = case_functions(tree)
    for node in nodes:
        validate_parameters(node, file, faults)
    return find_functions(nodes, file, faults)


def case_functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the functions at the top of a module that `@test_case` decorates."""
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(_is_test_case(decorator) for decorator in node.decorator_list)
    ]


def _is_test_case(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = called.attr if isinstance(called, ast.Attribute) else None
    return (name or getattr(called, "id", None)) == "test_case"
