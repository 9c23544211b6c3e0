"""Convert an assignment with Otter's tests: notebook, tests/, and files beside them."""

import ast
import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from formats.archives import Source
from formats.assignment import Check, Question, Visibility
from formats.assignment.foreign_cells import is_about_otter, otter_check, question_key
from formats.assignment.notebook_cells import source_of
from formats.assignment.otter_metadata import drop_hidden
from formats.importing.draft import Draft, ImportOptions, Notebook, split_evenly
from formats.importing.imported_packages import imports_in_notebook
from formats.importing.mentions import tree_of
from formats.importing.notes import add_notes_on_otter
from formats.importing.otter_files import CONFIG, add_files
from formats.importing.otter_manual import add_manual_questions
from formats.importing.otter_preambles import add_preambles
from formats.importing.otter_tests import (
    TOGETHER,
    OtterTest,
    imports_of,
    points_of_cases,
    read_spec,
    read_test_file,
    text_of_tests,
)
from formats.importing.plain_words import plain_title
from formats.importing.public_names import add_public_imports
from formats.importing.source_notebooks import (
    add_handout_imports,
    is_raw_otter,
    open_notebook,
    title_of,
)
from formats.problems import ProblemList
from runner.protocol.notebook import NOT_RUN, CellName, name_cells

SKIP_TAG: Final = "otter_ignore"
_SOLUTION_TAG: Final = "otter_assign_solution_cell"
_READ: Final = ("seed", "assignment_name")


def convert(source: Source, options: ImportOptions) -> Draft:
    """Return the draft of an assignment. Its faults list the source's problems."""
    faults = ProblemList()
    staff_path, handout_path = _notebooks(source, faults)
    staff = open_notebook(source, staff_path, faults, _names)
    handout = staff
    if handout_path != staff_path:
        handout = open_notebook(source, handout_path, faults, _names)
    _refuse_raw(staff, staff_path, faults)
    draft = Draft(
        title=title_of(handout_path),
        notebook_name=handout_path.name,
        staff=copy.deepcopy(staff),
        handout=copy.deepcopy(handout),
        faults=faults,
    )
    _check_solutions(draft, staff_path, handout_path)
    names = _names(staff["cells"])
    draft.imported += imports_in_notebook(staff, staff_path.as_posix(), names)
    required = {file.name for file in options.required_files}
    add_files(draft, source, handout_path.parent, staff_path.parent, required)
    tests = list(_tests(source, staff, staff_path, draft))
    _add_questions(draft, tests, options)
    add_preambles(draft, tests, (SKIP_TAG,))
    _mark(draft)
    add_manual_questions(draft, options, file=handout_path.as_posix())
    _read_config(draft, source)
    tags = {tag for cell in staff["cells"] for tag in cell["metadata"].get("tags", [])}
    draft.skip_tags = (SKIP_TAG,) if SKIP_TAG in tags else ()
    add_handout_imports(draft)
    add_public_imports(draft)
    return draft


# --- Notebooks ------------------------------------------------------------------


def _notebooks(source: Source, faults: ProblemList) -> tuple[Path, Path]:
    """Return the notebook with solutions and the one without, which may be the same."""
    found = [path for path in source.files if path.suffix == ".ipynb"]
    staff = [path for path in found if path.parent.name == "autograder"]
    handout = [path for path in found if path.parent.name == "student"]
    if len(staff) == len(handout) == 1:
        return staff[0], handout[0]
    if len(found) == 1:
        return found[0], found[0]
    if found:
        names = ", ".join(path.as_posix() for path in found[:8])
        faults.add(
            f"There are {len(found)} notebooks ({names}), but an assignment can have "
            "only one.",
            hint="Choose one: with --notebook NAME, or on the page under “Notebook "
            "beside it”. If “otter assign” wrote them, give the folder with "
            "autograder/ and student/.",
        )
    else:
        faults.add(
            "There are tests, but no notebook.",
            hint="An autograder zip has no notebook. Give the notebook that students "
            "get with --notebook FILE, or on the page as “Notebook beside it”.",
        )
    raise faults.error()


def _names(cells: list[dict[str, Any]]) -> list[CellName]:
    """Return the names of the cells as in a run, which skips cells about Otter."""
    skipped = {"metadata": {"tags": [NOT_RUN]}}
    run = [cell | skipped if _is_skipped(source_of(cell)) else cell for cell in cells]
    return name_cells(run, skip_tags=(SKIP_TAG,))


def _is_skipped(source: str) -> bool:
    return otter_check(source) is None and is_about_otter(source)


def _refuse_raw(notebook: Notebook, path: Path, faults: ProblemList) -> None:
    for number, cell in enumerate(notebook["cells"], 1):
        if is_raw_otter(cell):
            faults.add(
                (
                    "This notebook is a source for “otter assign”. Such a source "
                    "cannot be imported."
                ),
                file=path.as_posix(),
                cell=number,
                hint="Run “otter assign” and import the folder that it writes, with "
                "autograder/ and student/.",
            )
            raise faults.error()


def _check_solutions(draft: Draft, staff: Path, handout: Path) -> None:
    """Note solutions that would be handed out, and what staff should check."""
    for number, cell in enumerate(draft.handout["cells"], 1):
        if _SOLUTION_TAG in cell["metadata"].get("tags", []):
            draft.faults.add(
                "This cell is a solution, and students would get it.",
                file=handout.as_posix(),
                cell=number,
                hint="Give the folder that “otter assign” wrote, with autograder/ and "
                "student/, or the student's notebook.",
            )
    if staff == handout:
        draft.note(
            (
                "Students get this notebook without changes. It is also the staff's "
                "notebook."
            ),
            file=handout.as_posix(),
            hint="Check that it has no solutions.",
        )


# --- Tests ----------------------------------------------------------------------


def _tests(
    source: Source, notebook: Notebook, path: Path, draft: Draft
) -> Iterator[OtterTest]:
    """Yield the tests of the files, which include hidden ones, or of the notebook."""
    files = _test_files(source, path.parent)
    for file in files:
        data = (source.root / file).read_bytes()
        test = read_test_file(data, file=file.as_posix(), faults=draft.faults)
        if test is not None:
            yield test
    if not files:
        yield from _embedded(notebook, path, draft)


def _test_files(source: Source, folder: Path) -> list[Path]:
    """Return the test files beside the notebook or, without any, the others."""
    found = [p for p in source.files if p.parent.name == "tests" and p.suffix == ".py"]
    found = [path for path in found if path.stem != "__init__"]
    beside = [path for path in found if path.parent.parent == folder]
    return beside or [path for path in found if "student" not in path.parts]


def _embedded(notebook: Notebook, path: Path, draft: Draft) -> Iterator[OtterTest]:
    settings = notebook["metadata"].get("otter")
    tests = settings.get("tests") if isinstance(settings, dict) else None
    file = f"{path.as_posix()} (metadata)"
    if not isinstance(tests, dict) or not tests:
        draft.faults.add(
            "There are no tests: no tests/*.py, and none in the notebook.",
            hint="Give a folder or zip with the notebook and tests/.",
        )
        return
    for name, spec in tests.items():
        if isinstance(spec, str):
            test = read_test_file(
                spec.encode("utf-8", "replace"),
                file=f"{file}, test {name}",
                faults=draft.faults,
            )
        else:
            test = read_spec(spec, file=f"{file}, test {name}", faults=draft.faults)
        if test is not None:
            yield test


def _add_questions(
    draft: Draft, tests: list[OtterTest], options: ImportOptions
) -> None:
    seen: dict[str, str] = {}
    checked = _checked(draft.handout)
    for test in sorted(tests, key=lambda each: _place(each.name, checked)):
        key = question_key(test.name)
        if key in seen:
            draft.faults.add(
                f"“{test.name}” and “{seen[key]}” would both be called “{key}”.",
                file=test.file,
                hint="Rename one of the tests.",
            )
            continue
        seen[key] = test.name
        if test.has_no_format:
            draft.note(
                "The file does not set OK_FORMAT, so it was read in the OK format.",
                file=test.file,
            )
        _add_question(draft, test, key, options)
        draft.imported += imports_of(test)
        add_notes_on_otter(draft, test, key)
        if test.name not in checked:
            draft.note(
                f"No cell calls grader.check(“{test.name}”).",
                file=test.file,
                hint="The question is tested at the end of the notebook.",
            )


def _place(name: str, checked: list[str]) -> tuple[int, str]:
    return (checked.index(name) if name in checked else len(checked), name)


def _checked(notebook: Notebook) -> list[str]:
    """Return the names that the notebook's cells check, in order."""
    return [
        name
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
        and (name := otter_check(cell["source"])) is not None
    ]


def _add_question(
    draft: Draft, test: OtterTest, key: str, options: ImportOptions
) -> None:
    points = points_of_cases(test)
    if points is None:
        draft.faults.add(
            f"The cases of “{test.name}” are worth more than the {test.points} points "
            "of the question.",
            file=test.file,
        )
        return
    total = sum(points, Decimal(0))
    if key in options.points:
        total = options.points[key]
        points = split_evenly(total, len(test.cases))
    elif isinstance(test.points, Decimal) and total != test.points:
        draft.note(
            f"“{test.name}” has {test.points} points, but its cases are worth {total}.",
            file=test.file,
            hint="Perhaps hidden cases are missing here. Import the autograder's "
            f"tests, or use --points {key}={test.points}.",
        )
    if test.is_all_or_nothing:
        points = [Decimal(0)] * len(test.cases)
    draft.questions.append(
        Question(
            key=key,
            title=plain_title(test.name) or key,
            points=total,
            style=test.style,
            checks=tuple(_checks(test, points, total, options)),
        )
    )
    draft.tests[key] = text_of_tests(test)


def _checks(
    test: OtterTest, points: list[Decimal], total: Decimal, options: ImportOptions
) -> Iterator[Check]:
    for case, worth in zip(test.cases, points, strict=True):
        yield Check(
            name=case.name,
            points=worth,
            visibility=options.hidden if case.is_hidden else Visibility.ALWAYS,
            description=case.words,
            success=case.success,
            failure=case.failure,
        )
    if test.is_all_or_nothing:
        is_hidden = any(case.is_hidden for case in test.cases)
        yield Check(
            name=TOGETHER,
            points=total,
            visibility=options.hidden if is_hidden else Visibility.ALWAYS,
            description="All cases together: you get the points only if every case "
            "passes.",
        )


# --- Marks ----------------------------------------------------------------------


def _mark(draft: Draft) -> None:
    """Mark the check cells, and make them do nothing where Otter is not installed."""
    keys = {question.key for question in draft.questions}
    for notebook in (draft.staff, draft.handout):
        drop_hidden(notebook)
        seen: set[str] = set()
        for cell in notebook["cells"]:
            if cell["cell_type"] != "code":
                continue
            name = otter_check(cell["source"])
            key = question_key(name) if name is not None else ""
            if key in keys - seen:
                seen.add(key)
                cell["metadata"]["softmark"] = {"question": key}
            if name is not None:
                cell["source"] = _guarded(cell["source"])
            elif _is_skipped(cell["source"]):
                _skip(cell)


def _guarded(source: str) -> str:
    """Return the check so that it runs with Otter, and does nothing without Otter."""
    text = source.strip()
    # Without a trailing comment, which would make the condition part of it.
    tree = tree_of(text)
    call = ast.get_source_segment(text, tree.body[0]) if tree and tree.body else text
    return f'{call} if "grader" in globals() else None'


def _skip(cell: dict[str, Any]) -> None:
    tags = cell["metadata"].setdefault("tags", [])
    if NOT_RUN not in tags:
        tags.append(NOT_RUN)


def _read_config(draft: Draft, source: Source) -> None:
    paths = [path for path in source.files if path.name == CONFIG]
    if not paths:
        return
    file = paths[0].as_posix()
    try:
        config = json.loads((source.root / paths[0]).read_bytes())
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        draft.faults.add("This is not a JSON object.", file=file)
        return
    seed = config.get("seed")
    if isinstance(seed, int) and 0 <= seed < 2**31:
        draft.seed = seed
    if isinstance(config.get("assignment_name"), str):
        draft.title = plain_title(config["assignment_name"]) or draft.title
    ignored = sorted(str(key) for key in config if key not in _READ)
    if ignored:
        draft.note(f"Settings without effect here: {', '.join(ignored)}.", file=file)
