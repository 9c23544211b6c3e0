"""Collect notes for staff on an assignment's tests, and faults that stop an import."""

import ast
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from formats.assignment import Bundle, answer_places
from formats.assignment.notebook_cells import check_key, make_handout, source_of
from formats.assignment.section_tests import parsed_tests, session_code
from formats.assignment.unpickling import Finding, find_unpickling
from formats.choices import Part, QuestionKind
from formats.importing.argument_notes import find_argument_looks
from formats.importing.draft import (
    Draft,
    Format,
    ImportedModule,
    Notebook,
    PreparedFolder,
)
from formats.importing.draws_after_seed import find_draws_after_seed
from formats.importing.identity_checks import find_identity_checks
from formats.importing.imported_packages import (
    imports_in_bundle,
    notes_on_missing,
    own_modules,
)
from formats.importing.library_changes import (
    find_library_changes,
    find_misleading_inspections,
)
from formats.importing.names_from_notebook import (
    notes_on_unwritten_names,
    student_names_of,
)
from formats.importing.nbgrader_regions import solution_lines
from formats.importing.notebook_settings import notes_on_settings, settings_of
from formats.importing.otter_tests import OtterTest
from formats.importing.process_inspections import find_process_inspections
from formats.importing.replaced_names import find_replaced, find_shadowed
from formats.importing.source_notebooks import names_of_cells
from formats.importing.statements import AuthoredCell
from formats.importing.student_objects import find_unsupported_uses
from formats.importing.work_in_place import Slots, changed_parameters
from formats.importing.written_files import is_written, written_by
from formats.problems import Problem
from runner.protocol.jobs import TestStyle

_NOTHING_KNOWN: Final[Mapping[str, Collection[str]]] = {}


@dataclass(frozen=True, kw_only=True)
class NotebookNames:
    """The names that the staff notebook defines and imports, and of public files.

    `changed` are the arguments that its functions change in place. `settings` are those
    that it makes in libraries, as `settings_of` returns them.
    """

    defined: frozenset[str]
    imports: Mapping[str, str]
    public: frozenset[str] = frozenset()
    changed: Slots = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


def names_of(notebook: Notebook, public: Iterable[str] = ()) -> NotebookNames:
    """Return the names of the notebook, without those that its check cells bind.

    `public` are the names of the files beside it.
    """
    cells = [cell for cell in notebook["cells"] if not _is_check(cell)]
    imports, defined = names_of_cells(cells)
    targets = {name: min(found) for name, found in imports.items()}
    return NotebookNames(
        defined=frozenset(defined),
        imports=targets,
        public=frozenset(public),
        changed=changed_parameters(cells),
        settings=settings_of(cells),
    )


def _is_check(cell: dict[str, Any]) -> bool:
    marks = cell["metadata"].get("nbgrader")
    is_test = (
        isinstance(marks, dict) and marks.get("grade") and not marks.get("solution")
    )
    return bool(is_test) or check_key(cell) is not None


def find_all(
    tree: ast.Module, style: TestStyle, names: NotebookNames, key: str
) -> Iterator[Finding]:
    """Yield all findings about a piece of a question's tests."""
    yield from find_unpickling(tree, style, public=names.public, imports=names.imports)
    yield from find_unsupported_uses(tree, style, names.defined)
    yield from find_process_inspections(tree, names.imports)
    yield from find_identity_checks(tree)
    yield from find_draws_after_seed(tree, names.defined, names.imports)
    yield from find_argument_looks(tree, style, names.changed, names.imports)
    if style.has_sections:
        yield from find_replaced(tree, names.defined)
        yield from find_shadowed(tree, names.defined, names.imports, key)
        yield from find_library_changes(tree, names.imports, names.settings)
        yield from find_misleading_inspections(tree)


def add_findings(draft: Draft, findings: Iterator[Finding], **place: Any) -> None:
    """Add the findings to the draft: certain ones as faults, others as notes."""
    for found in findings:
        add = draft.faults.add if found.is_certain else draft.note
        add(found.message, line=found.line, hint=found.hint, **place)


def add_notes_on_otter(draft: Draft, test: OtterTest, key: str) -> None:
    """Add the findings about a test of Otter's to the draft."""
    names = names_of(draft.staff, draft.public)
    if test.style is TestStyle.CASES:
        tree = ast.parse(test.text)
        add_findings(draft, find_all(tree, test.style, names, key), file=test.file)
        return
    for number, case in enumerate(test.cases, 1):
        try:
            tree = ast.parse(session_code(case.code))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # this was noted as a fault already
        for found in find_all(tree, test.style, names, key):
            where = f"“{test.name}”, case {number}, line {found.line} of its code: "
            add = draft.faults.add if found.is_certain else draft.note
            add(f"{where}{found.message}", file=test.file, hint=found.hint)


def notes_on(
    prepared: PreparedFolder,
    bundle: Bundle,
    installed: Mapping[str, Collection[str]] = _NOTHING_KNOWN,
) -> tuple[Problem, ...]:
    """Return all notes on an import. `bundle` is read from the prepared folder.

    `installed` maps each known environment to the modules that it can import.
    """
    notes = [*prepared.notes]
    if bundle.is_files_only:
        return tuple(notes)
    imported: Iterable[ImportedModule] = prepared.imported
    if prepared.format is Format.SOFTMARK:
        imported = imports_in_bundle(bundle)
    said = {note.message for note in notes}
    own = _notes_on_bundle(bundle, is_own_format=prepared.format is Format.SOFTMARK)
    notes += [note for note in own if note.message not in said]
    notes += _notes_on_public(bundle)
    notes += _notes_on_answers(bundle)
    if prepared.format is Format.SOFTMARK:
        notes += _notes_on_handout(bundle)
    notes += _notes_on_size(bundle)
    notes += notes_on_missing(
        imported,
        environment=bundle.environment,
        own=own_modules(bundle),
        installed=installed,
    )
    return tuple(notes)


def _notes_on_public(bundle: Bundle) -> Iterator[Problem]:
    """Yield notes on public files that the notebook writes or that are also private."""
    cells = [
        cell
        for file in bundle.files
        if file.part in (Part.STAFF, Part.HANDOUT)
        for cell in json.loads(file.path.read_text("utf-8-sig"))["cells"]
    ]
    written = written_by(cells)
    kept = {
        file.sha256: f"{file.part}/{file.name}"
        for file in bundle.files
        if file.part in (Part.PRIVATE, Part.SOLUTION) and file.size
    }
    for file in bundle.files:
        if file.part != Part.PUBLIC:
            continue
        if is_written(file.name, written):
            yield Problem(
                message="The notebook writes a file of this name. Tests read the "
                "public file, whatever the students' work writes.",
                file=f"public/{file.name}",
                hint="If students should write it, take it out of public/, and name it "
                "under “required_files”.",
            )
        if file.sha256 in kept:
            yield Problem(
                message="Students get this file, and its content is that of "
                f"“{kept[file.sha256]}”.",
                file=f"public/{file.name}",
                hint="If it has correct results, take it out of public/.",
            )


def _notes_on_handout(bundle: Bundle) -> Iterator[Problem]:
    """Yield a note if the folder's own hand-out has more than students need."""
    for file in bundle.files:
        if file.part is Part.HANDOUT:
            notebook = json.loads(file.path.read_text("utf-8-sig"))
            for cell in notebook["cells"]:
                cell["source"] = source_of(cell)
                if "execution_count" in cell:
                    cell["execution_count"] = None
            if notebook != make_handout(notebook):
                yield Problem(
                    message="The hand-out holds outputs, or metadata that no student "
                    "needs, such as hidden tests: students get them.",
                    file=file.path.name,
                    hint="Make it from the staff's notebook: manage.py make_handout "
                    "FOLDER. Or clear its outputs and its metadata.",
                )


def _notes_on_answers(bundle: Bundle) -> Iterator[Problem]:
    """Yield a note if no cell is marked as the answer to a question for people."""
    keys = [q.key for q in bundle.questions if q.kind == QuestionKind.MANUAL]
    for file in bundle.files:
        if file.part is Part.HANDOUT:
            cells = json.loads(file.path.read_text("utf-8-sig"))["cells"]
            found = answer_places(cells, keys)
            missing = [key for key in keys if not found[key]]
            if missing:
                names = ", ".join(f"“{key}”" for key in missing)
                yield Problem(
                    message=f"No cell is marked as the answer to {names}. Markers look "
                    "for it in the whole notebook.",
                    file=file.path.name,
                    hint=f"Write <!-- softmark: answer {missing[0]} --> as the first "
                    "line of its text cell, or the same as a comment in a code cell.",
                )


def _notes_on_size(bundle: Bundle) -> Iterator[Problem]:
    """Yield a note if the data alone exceed a run's limit on disk."""
    data = [
        file.size for file in bundle.files if file.part in (Part.PUBLIC, Part.PRIVATE)
    ]
    if sum(data) > bundle.limits.disk_mb << 20:
        yield Problem(
            message=f"The data files have {sum(data) >> 20} MB, but a run has only "
            f"{bundle.limits.disk_mb} MB of disk. Every run ends at once.",
            hint="Raise the limit “disk_mb”, or leave data out.",
        )


def _notes_on_bundle(bundle: Bundle, *, is_own_format: bool) -> Iterator[Problem]:
    """Yield notes on the tests. Most notes on a foreign format were made earlier."""
    texts = {
        (file.part, file.name): file.path.read_text("utf-8-sig")
        for file in bundle.files
        if file.part in (Part.STAFF, Part.TESTS)
    }
    staff = json.loads(texts[Part.STAFF, "staff.ipynb"])
    public = (file.name for file in bundle.files if file.part is Part.PUBLIC)
    found = names_of(staff, public)
    names = replace(found, imports={**found.imports, **bundle.imports})
    students = student_names_of(list(_lines(staff)))
    tests = [text for (part, _), text in texts.items() if part is Part.TESTS]
    yield from notes_on_settings(names.settings, tests)
    for question in bundle.questions:
        if question.kind != QuestionKind.AUTO:
            continue
        file = f"tests/{question.key}.py"
        text = texts[Part.TESTS, f"{question.key}.py"]
        trees = list(parsed_tests(text, question.style))
        yield from notes_on_unwritten_names(
            [tree for tree, _ in trees],
            question.style,
            key=question.key,
            file=file,
            students=students,
            imports=bundle.imports,
        )
        for tree, above in trees if is_own_format else ():
            for finding in find_all(tree, question.style, names, question.key):
                if not finding.is_certain:
                    yield Problem(
                        message=finding.message,
                        file=file,
                        line=above + finding.line,
                        hint=finding.hint,
                    )


def _lines(staff: Notebook) -> Iterator[AuthoredCell]:
    for number, cell in enumerate(staff["cells"], 1):
        if cell["cell_type"] == "code" and not _is_check(cell):
            text = source_of(cell)
            yield AuthoredCell(cell=number, source=text, solution=solution_lines(text))
