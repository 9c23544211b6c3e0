"""Read nbgrader's settings that rename its marks, as data."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from formats.archives import Source
from formats.importing.draft import Draft
from formats.problems import ProblemList

_NAMES: Final = frozenset({"nbgrader_config.py", "nbgrader_config.json"})
# nbgrader spells it “delimeter”.
_MARKS: Final = {
    "begin_test": "BEGIN HIDDEN TESTS",
    "end_test": "END HIDDEN TESTS",
    "begin_solution": "BEGIN SOLUTION",
    "end_solution": "END SOLUTION",
    "begin_mark_scheme": "BEGIN MARK SCHEME",
    "end_mark_scheme": "END MARK SCHEME",
}
_DELIMITER: Final = re.compile(r"\w*delim[ei]ters?")
_LARGEST: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """A setting that renames a mark. Without `value`, it is not a literal text."""

    name: str
    line: int | None = None
    value: str | None = None


def use_configuration(draft: Draft, source: Source) -> None:
    """Replace marks that the configuration renames by nbgrader's usual marks.

    SECURITY: the configuration is a program and is never run. Only texts that it
    assigns to a setting are used. Any other code that concerns marks is a fault.
    """
    marks: dict[str, str] = {}
    for path in source.files:
        if path.name.lower() not in _NAMES:
            continue
        file = path.as_posix()
        data = (source.root / path).read_bytes()[:_LARGEST]
        for setting in _settings(data.decode("utf-8-sig", "replace"), path.suffix):
            mark = _MARKS.get(re.sub(r"_?delim[ei]ters?$", "", setting.name))
            if mark is None or not (setting.value or "").strip():
                _refuse(draft.faults, setting, file)
            elif setting.value is not None:
                marks[setting.value] = mark
    for cell in draft.staff["cells"]:
        cell["source"] = "\n".join(
            _with_usual_mark(line, marks) for line in cell["source"].split("\n")
        )


def _refuse(faults: ProblemList, setting: _Setting, file: str) -> None:
    faults.add(
        f"“{setting.name}” changes the marks of a notebook in a way that cannot be "
        "read.",
        file=file,
        line=setting.line,
        hint='Write it as one literal text: c.ClearHiddenTests.begin_test_delimeter = "…". '
        "Or use nbgrader's usual marks, and leave out the configuration.",
    )


def _with_usual_mark(line: str, marks: dict[str, str]) -> str:
    # One mark may be a part of another.
    for own in sorted(marks, key=len, reverse=True):
        if own in line:
            return line.replace(own, marks[own], 1)
    return line


def _settings(text: str, suffix: str) -> Iterator[_Setting]:
    try:
        if suffix.lower() == ".json":
            yield from _of_json(json.loads(text))
        else:
            yield from _of_python(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found = _DELIMITER.search(text)
        if found:
            yield _Setting(name=found[0])


def _of_json(value: Any) -> Iterator[_Setting]:
    for name, each in value.items() if isinstance(value, dict) else ():
        if _DELIMITER.fullmatch(name):
            yield _Setting(name=name, value=each if isinstance(each, str) else None)
        else:
            yield from _of_json(each)


def _of_python(tree: ast.Module) -> Iterator[_Setting]:
    plain: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Assign(
                targets=[ast.Attribute(attr=name) as target],
                value=ast.Constant(value=str(value)),
            ) if _DELIMITER.fullmatch(name):
                plain.add(id(target))
                yield _Setting(name=name, line=node.lineno, value=value)
    for node in ast.walk(tree):
        name = _mentioned(node)
        is_read = name == "load_subconfig" or _DELIMITER.fullmatch(name)
        if is_read and id(node) not in plain:
            yield _Setting(name=name, line=getattr(node, "lineno", None))


def _mentioned(node: ast.AST) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case ast.keyword(arg=str(name)) | ast.Constant(value=str(name)):
            return name
    return ""
