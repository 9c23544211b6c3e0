"""Read the whole folder of an assignment, and execute nothing."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from formats.assignment.answer_cells import validate_answer_cells
from formats.assignment.assignment_content import Bundle, BundleFile, Question
from formats.assignment.function_tests import FoundCheck
from formats.assignment.hidden_marks import line_of_staff_mark
from formats.assignment.manifest import FILE, Manifest, is_file_name, read_manifest
from formats.assignment.notebook_cells import (
    check_cells,
    dump_notebook,
    make_handout,
    read_notebook,
    validate_check_cells,
    validate_handout,
    validate_staff_notebook,
)
from formats.assignment.section_tests import parsed_tests, read_tests
from formats.assignment.style_words import STYLE_WORDS
from formats.assignment.unpickling import find_unpickling
from formats.choices import Part, QuestionKind
from formats.problems import ProblemList
from formats.unreadable_files import POINTER_BYTES, lfs_pointer_in
from runner.protocol.jobs import TestStyle
from runner.protocol.notebook import name_cells

STAFF: Final = "staff.ipynb"
HANDOUT: Final = "handout.ipynb"
MAX_DATA_FILES: Final = 1_000
MAX_DATA_BYTES: Final = 600 * 1024**2
_JUNK: Final = ("__pycache__", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db")


def read_bundle(folder: Path) -> Bundle:
    """Return the bundle in a folder, or raise ImportRefusedError with every fault.

    Notebooks and tests are read as text. Nothing in the folder is executed.
    """
    return _Reading(Path(folder)).read()


def write_handout(folder: Path) -> Path:
    """Write handout.ipynb: staff.ipynb without solutions and outputs.

    Returns its path. Raises ImportRefusedError if the staff notebook is not sound.
    """
    faults = ProblemList()
    source = folder / STAFF
    if not source.is_file():
        faults.add(f"The folder has no file “{STAFF}”.", file=STAFF)
        raise faults.error()
    naming = partial(name_cells, skip_tags=_skip_tags(folder))
    notebook = read_notebook(
        source.read_bytes(), file=STAFF, faults=faults, naming=naming
    )
    if notebook is not None:
        validate_staff_notebook(notebook, STAFF, faults)
    faults.raise_if_any()
    if notebook is None:
        raise faults.error()
    target = folder / HANDOUT
    target.write_text(dump_notebook(make_handout(notebook)), encoding="utf-8")
    return target


def _skip_tags(folder: Path) -> tuple[str, ...]:
    """Return the skip tags of the assignment, or none if its file cannot be read."""
    path = folder / FILE
    manifest = None
    if path.is_file():
        manifest = read_manifest(path.read_bytes(), ProblemList())
    return manifest.bundle.skip_tags if manifest else ()


class _Reading:
    def __init__(self, folder: Path) -> None:
        self._folder, self._faults = folder, ProblemList()
        self._may_compare = True

    def read(self) -> Bundle:
        manifest = self._manifest()
        # Compared with a faulty list of questions, sound files would look wrong.
        self._may_compare = not self._faults
        questions = self._questions(manifest)
        if manifest.has_notebook:
            self._check_notebooks(questions, manifest.bundle.skip_tags)
        else:
            self._refuse_files_of_runs()
        bundle = replace(
            manifest.bundle,
            questions=questions,
            files=tuple(self._files(manifest.bundle)),
        )
        self._check_names(bundle)
        self._faults.raise_if_any()
        return bundle

    def _manifest(self) -> Manifest:
        data = None
        if self._folder.is_dir():
            data = self._bytes(FILE, hint="This file describes the assignment.")
        else:
            self._faults.add(f"“{self._folder}” is not a folder.")
        manifest = None if data is None else read_manifest(data, self._faults)
        if manifest is None:
            raise self._faults.error()
        return manifest

    def _bytes(self, name: str, *, hint: str = "") -> bytes | None:
        path = self._folder / name
        if path.is_symlink() or not path.is_file():
            self._faults.add(f"The folder has no file “{name}”.", file=name, hint=hint)
            return None
        return path.read_bytes()

    # --- Tests ---------------------------------------------------------------

    def _questions(self, manifest: Manifest) -> tuple[Question, ...]:
        questions = tuple(
            self._tested(question, manifest)
            if manifest.has_notebook
            and question.kind == QuestionKind.AUTO
            and question.key
            else question
            for question in manifest.bundle.questions
        )
        wanted = {f"{q.key}.py" for q in questions if q.kind == QuestionKind.AUTO}
        for path in self._listed("tests"):
            if path.name not in wanted and self._may_compare:
                self._faults.add(
                    "This test file belongs to no question checked by tests.",
                    file=f"tests/{path.name}",
                    hint="Name the file after the question's key, with the ending .py.",
                )
        return questions

    def _tested(self, question: Question, manifest: Manifest) -> Question:
        """Return the question, with summaries from the tests for undescribed checks."""
        file = f"tests/{question.key}.py"
        data = self._bytes(
            file,
            hint=f"The checks of “{question.key}” are {STYLE_WORDS[question.style].checks}.",
        )
        functions = (
            None
            if data is None
            else read_tests(data, question.style, file=file, faults=self._faults)
        )
        if functions is None:
            return question
        self._check_code(data or b"", question, manifest.bundle, file)
        names = [check.name for check in question.checks]
        for name, function in functions.items():
            is_own = question.style == TestStyle.FUNCTIONS and name.startswith("_")
            if name not in names and not is_own and self._may_compare:
                self._faults.add(
                    f"“{name}” is not in a list of checks, so it would never run.",
                    file=file,
                    line=function.line,
                    hint=STYLE_WORDS[question.style].unlisted,
                )
        checks = []
        for check in question.checks:
            line = manifest.check_lines.get((question.key, check.name))
            words = check.description or self._summary(
                functions, check.name, question.style, file=file, line=line
            )
            checks.append(replace(check, description=words))
        return replace(question, checks=tuple(checks))

    def _check_code(
        self, data: bytes, question: Question, bundle: Bundle, file: str
    ) -> None:
        """Note where the tests would read or run what students hand in."""
        handed_in = {each.name for each in bundle.required_files} - {bundle.notebook}
        public = {each.name for each in bundle.files if each.part is Part.PUBLIC}
        text = data.decode("utf-8-sig", "replace")
        for tree, above in parsed_tests(text, question.style):
            for found in find_unpickling(
                tree,
                question.style,
                handed_in=handed_in,
                public=public,
                imports=bundle.imports,
            ):
                if found.is_certain:
                    self._faults.add(
                        found.message,
                        file=file,
                        line=above + found.line,
                        hint=found.hint,
                    )

    def _summary(
        self,
        functions: dict[str, FoundCheck],
        name: str,
        style: TestStyle,
        *,
        file: str,
        line: int | None,
    ) -> str:
        function = functions.get(name)
        if function is None:
            self._faults.add(
                f"There is no {STYLE_WORDS[style].check} “{name}” in {file}.",
                file=FILE,
                line=line,
                hint=f"It has: {', '.join(functions) or 'none'}.",
            )
            return ""
        if not function.summary:
            self._faults.add(
                f"“{name}” has no description for students.",
                file=file,
                line=function.line,
                hint=STYLE_WORDS[style].wordless,
            )
        return function.summary[:500]

    # --- Notebooks -----------------------------------------------------------

    def _check_notebooks(
        self, questions: tuple[Question, ...], skip_tags: tuple[str, ...]
    ) -> None:
        keys = [q.key for q in questions if q.kind == QuestionKind.AUTO]
        by_hand = [q.key for q in questions if q.kind == QuestionKind.MANUAL]
        cells: list[dict[str, str]] = []
        for file, validate in (
            (STAFF, validate_staff_notebook),
            (HANDOUT, validate_handout),
        ):
            data = self._bytes(file)
            if data is None:
                continue
            # A run puts the staff's check cells back into the hand-out.
            staff = cells[0] if cells else {}
            restored = {key: staff[key] for key in keys if key in staff}
            notebook = read_notebook(
                data,
                file=file,
                faults=self._faults,
                naming=partial(name_cells, skip_tags=skip_tags, restored=restored),
            )
            if notebook is not None:
                validate(notebook, file, self._faults)
                if self._may_compare:
                    validate_check_cells(notebook, keys, file, self._faults)
                    validate_answer_cells(notebook, by_hand, file, self._faults)
                cells.append(check_cells(notebook))
        if len(cells) == 2:  # noqa: PLR2004  both notebooks could be read
            self._compare(*cells, keys=keys)

    def _refuse_files_of_runs(self) -> None:
        """Report files that only runs use: this assignment has no notebook."""
        for name in (STAFF, HANDOUT):
            if (self._folder / name).exists():
                self._faults.add(
                    f"{FILE} has no “notebook”, so nothing would use this file.",
                    file=name,
                    hint=f"Remove it, or add “notebook: …” to {FILE}.",
                )
        for part in (Part.PRIVATE, Part.SOLUTION):
            if self._listed(part, with_folders=True):
                self._faults.add(
                    f"{FILE} has no “notebook”, so no run would use this folder.",
                    file=part,
                    hint="Remove it. Keep notes for markers outside of these folders.",
                )

    def _compare(
        self, staff: dict[str, str], handout: dict[str, str], *, keys: list[str]
    ) -> None:
        for key in keys:
            if staff.get(key) != handout.get(key):
                self._faults.add(
                    f"The check cell of “{key}” differs from the one in {STAFF}.",
                    file=HANDOUT,
                    hint="Generate it again: manage.py make_handout FOLDER.",
                )

    # --- Files ---------------------------------------------------------------

    def _files(self, bundle: Bundle) -> Iterator[BundleFile]:
        yield from self._file(Part.HANDOUT, self._folder / HANDOUT, bundle.notebook)
        yield from self._file(Part.STAFF, self._folder / STAFF, STAFF)
        for question in bundle.questions:
            if question.kind == QuestionKind.AUTO:
                path = self._folder / "tests" / f"{question.key}.py"
                yield from self._file(Part.TESTS, path, path.name)
        for part in (Part.PUBLIC, Part.PRIVATE, Part.SOLUTION):
            yield from self._data(part)

    def _file(self, part: Part, path: Path, name: str) -> Iterator[BundleFile]:
        if not path.is_file():
            return
        with path.open("rb") as content:
            pointer = lfs_pointer_in(content.read(POINTER_BYTES))
            if pointer and part in (Part.PUBLIC, Part.PRIVATE, Part.SOLUTION):
                self._faults.add(
                    pointer.message, file=f"{part}/{name}", hint=pointer.hint
                )
            content.seek(0)
            line = line_of_staff_mark(content) if part == Part.PUBLIC else 0
            if line:
                self._faults.add(
                    "Students get this file, but it has the mark of a solution, a "
                    "mark scheme or hidden tests.",
                    file=f"{part}/{name}",
                    line=line,
                    hint="Such parts are left out of notebooks only. Remove from this "
                    "file the mark and what is for staff.",
                )
            content.seek(0)
            digest = hashlib.file_digest(content, "sha256")
        yield BundleFile(
            part=part,
            name=name,
            path=path,
            sha256=digest.hexdigest(),
            size=path.stat().st_size,
        )

    def _data(self, part: Part) -> Iterator[BundleFile]:
        """Yield the files of a part that may hold folders, within its limits."""
        top = self._folder / part
        paths = list(self._listed(part, with_folders=part != Part.SOLUTION))
        size = sum(path.stat().st_size for path in paths)
        if len(paths) > MAX_DATA_FILES or size > MAX_DATA_BYTES:
            self._faults.add(
                f"The folder has {len(paths):,} files with {size >> 20:,} MB. At most "
                f"{MAX_DATA_FILES:,} files with {MAX_DATA_BYTES >> 20:,} MB are "
                "allowed.",
                file=part,
                hint="Pack many small files as one, such as an .npz.",
            )
            return
        for path in paths:
            yield from self._file(part, path, path.relative_to(top).as_posix())

    def _listed(self, part: str, *, with_folders: bool = False) -> list[Path]:
        """Return the files of a subfolder. Entries that are not allowed are noted."""
        top = self._folder / part
        kept, waiting = [], [top] if top.is_dir() else []
        while waiting:
            for path in sorted(waiting.pop().iterdir()):
                file = path.relative_to(top).as_posix()
                if path.name in _JUNK or path.name.startswith("._"):
                    continue
                if with_folders and path.is_dir() and not path.is_symlink():
                    waiting.append(path)
                elif path.is_symlink() or not path.is_file():
                    kinds = "links" if with_folders else "folders and no links"
                    self._faults.add(
                        f"Only plain files are allowed here, no {kinds}.",
                        file=f"{part}/{file}",
                    )
                elif not is_file_name(file):
                    self._faults.add(
                        "This file name is not allowed.",
                        file=f"{part}/{file}",
                        hint="Use letters, digits, dots, dashes, spaces and brackets.",
                    )
                else:
                    kept.append(path)
        return sorted(kept)

    def _check_names(self, bundle: Bundle) -> None:
        handed_in = {file.name.casefold() for file in bundle.required_files}
        solved = {file.name for file in bundle.required_files} - {bundle.notebook}
        for file in bundle.files:
            if file.part == Part.SOLUTION and file.name not in solved:
                self._faults.add(
                    (
                        "Students do not hand in a file of this name beside their "
                        "notebook."
                    ),
                    file=f"solution/{file.name}",
                    hint=f"Only required files of {FILE} belong there.",
                )
            # A folder of this name would also take the place of the file.
            top = file.name.partition("/")[0].casefold()
            if file.part == Part.PUBLIC and top in handed_in and bundle.notebook:
                self._faults.add(
                    (
                        "Students hand in a file of this name, and this file would "
                        "hide it."
                    ),
                    file=f"public/{file.name}",
                    hint="Rename one of the two.",
                )
