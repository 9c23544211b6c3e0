"""Sort the files beside a foreign notebook into public data and model solution."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from formats.archives import Source
from formats.assignment.manifest import is_file_name
from formats.assignment.notebook_cells import check_key
from formats.importing.data_file_uses import SETTINGS, DataFileUses
from formats.importing.draft import Draft
from formats.importing.mentions import Mentions, mentions_file, mentions_of
from formats.importing.staff_files import has_staff_name, is_for_staff
from formats.importing.written_files import is_written, written_by

# Folders whose names say that they are for students.
_FOR_STUDENTS: Final = frozenset(
    {
        *("data", "dataset", "datasets", "images", "image", "img", "imgs", "media"),
        *("figures", "figure", "figs", "fig", "pictures", "assets", "resources"),
    }
)
# These names mean something else below data/, such as a split into train and test.
_FOR_STAFF_AT_THE_TOP: Final = frozenset(
    {"tests", "test", "grading", "marking", "rubric", "rubrics", "feedback", "grades"}
)
# The most files that are listed one by one: with names that differ by a number, and of
# one folder and kind.
_NUMBERED: Final = 3
_OF_A_KIND: Final = 50
# Code and settings beside the notebook are read up to this size, in bytes.
_LONGEST_READ: Final = 100_000


@dataclass(frozen=True, kw_only=True)
class _Named:
    """The facts about the files: who names them, and which files the notebook writes.

    `handout` is what the hand-out's code and links name. `outside` is the same without
    its tests. `links` is what its text alone names.

    SECURITY: a file that only the staff notebook names is read in solutions. It may be
    a correct result, to which a solution is compared.
    """

    handout: Mentions
    outside: Mentions
    links: Mentions
    tests: str
    written: frozenset[str]
    given: DataFileUses

    def is_doubtful(self, path: Path) -> bool:
        """Return whether the notebook may write a file that its hand-out names.

        SECURITY: nobody can list all the ways in which code writes a file. A file that
        is not certainly given does not become public without a note.
        """
        if path.suffix == ".py" or not self.outside.names(path):
            return False
        if self.given.is_input_data(path):
            return False
        return not (self.is_linked(path) and self.given.is_only_read(path))

    def is_linked(self, path: Path) -> bool:
        """Return whether the hand-out's text links to a file.

        A link shows that staff mean to give it.
        """
        return self.links.names(path)

    def is_tested(self, path: Path) -> bool:
        """Return whether tests read a file."""
        return mentions_file(self.tests, path.name)

    def is_only_told(self, path: Path) -> bool:
        """Return whether prose names a file that tests read, and no other code does.

        SECURITY: such a file is a correct result, or a file that students' work should
        write. Beside the tests, it would take the place of their work.
        """
        is_told = mentions_file(self.handout.prose, path.name)
        return is_told and self.is_tested(path) and not self.outside.names(path)

    def is_only_of_tests(self, path: Path) -> bool:
        """Return whether tests need a file, and nothing shows that students need it."""
        if path.suffix == ".py":
            module = rf"\b(import|from)\s+(\w+\.)*{re.escape(path.stem)}\b"
            is_tested = self.is_tested(path) or re.search(module, self.tests)
            return bool(is_tested) and not self.handout.names(path)
        return self.is_tested(path) and not self.outside.names(path)


def _named(draft: Draft, source: Source, folder: Path, tests: str) -> _Named:
    cells, staff = draft.handout["cells"], draft.staff["cells"]
    return _Named(
        handout=mentions_of(cells),
        outside=mentions_of(cells, reads=_is_no_check),
        links=mentions_of(cell for cell in cells if cell["cell_type"] != "code"),
        tests=tests,
        written=written_by([*cells, *staff]),
        given=DataFileUses(
            list(filter(_is_no_check, staff)),
            list(filter(_is_no_check, cells)),
            dict(_texts_beside(source, folder)),
        ),
    )


def _texts_beside(source: Source, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the modules and settings beside the notebook, except copies of it."""
    notebooks = {path.stem for path in source.files if path.suffix == ".ipynb"}
    for path, inner in _beside(source, folder, ()):
        is_text = inner.suffix == ".py" or inner.suffix.lower() in SETTINGS
        if is_text and inner.stem not in notebooks:
            file = source.root / path
            if file.stat().st_size <= _LONGEST_READ:
                yield inner.as_posix(), file.read_text("utf-8", "replace")


def _is_no_check(cell: dict[str, object]) -> bool:
    return check_key(cell) is None


@dataclass(kw_only=True)
class _Left:
    """The files that are left out, by reason."""

    folders: Counter[str] = field(default_factory=Counter)
    staffs: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)


def add_public_files(
    draft: Draft,
    source: Source,
    folder: Path,
    *,
    tests: str,
    required: Collection[str] = (),
    without: Collection[str] = (),
) -> None:
    """Add the files of a folder to the draft as public data, with notes on the others.

    A file beside the notebook whose name is in `required` belongs to the model
    solution: students hand it in. Folders below are added with their structure if they
    are for students: by their names, or because the hand-out names them. A file that
    sounds like the staff's, or that the notebook writes, is never added. `tests` is the
    text of all tests.
    """
    named = _named(draft, source, folder, tests)
    notebooks = {path.stem for path in source.files if path.suffix == ".ipynb"}
    left = _Left()
    for path, inner in _beside(source, folder, without):
        name = inner.as_posix()
        if name in required:
            draft.solution[name] = source.root / path
        elif not is_file_name(name):
            draft.note("Left out, because this name is not allowed.", file=name)
        elif not is_written(name, named.written) and _is_in_left_folder(inner, named):
            left.folders[inner.parts[0]] += 1
        elif (why := _why_left(inner, notebooks, named, left)) is not None:
            why.append(name)
        else:
            draft.public.setdefault(name, source.root / path)
    _note_on_left(draft, left)
    _note_on_doubtful(draft, named, left)
    _note_on_files(draft, named)
    _note_on_folders(draft, left, folder)
    _note_on_tested(draft, named, required)


def _is_in_left_folder(inner: Path, named: _Named) -> bool:
    return len(inner.parts) > 1 and not _is_for_students(inner, named.handout)


def _why_left(
    inner: Path, notebooks: Collection[str], named: _Named, left: _Left
) -> list[str] | None:
    """Return the list of files left out for the same reason, or None if public."""
    why = None
    if is_written(inner.as_posix(), named.written):
        why = left.written
    elif is_for_staff(inner, notebooks, named.handout):
        why = left.staffs
    elif named.is_only_told(inner):
        why = left.told
    elif named.is_tested(inner) and not named.is_linked(inner):
        why = left.doubtful if named.is_doubtful(inner) else None
    return why


def _beside(
    source: Source, folder: Path, without: Collection[str]
) -> Iterator[tuple[Path, Path]]:
    """Yield the files below the folder, except notebooks, also by their paths there."""
    for path in source.files:
        if folder == Path() or folder in path.parents:
            inner = path.relative_to(folder)
            if path.suffix != ".ipynb" and inner.parts[0] not in without:
                yield path, inner


def _note_on_left(draft: Draft, left: _Left) -> None:
    if left.staffs:
        draft.note(
            "Left out, because their names sound like the staff's: "
            f"{', '.join(sorted(left.staffs))}.",
            hint="If students need one, give it another name, and use that name in "
            "the notebook. If only tests need it, keep the folder with --write, and "
            "put it into private/.",
        )
    if left.written:
        draft.note(
            "Left out, because the notebook writes them: "
            f"{', '.join(_in_groups(sorted(left.written)))}.",
            hint="They are left from a run by staff. Require what students must hand "
            "in: on the page, or with --require NAME. If students need one as it is, "
            "give it a name that the notebook does not write.",
        )
    if left.told:
        draft.note(
            "Left out, because only the text, the tests and solutions name them: "
            f"{', '.join(sorted(left.told))}.",
            hint="If students need one, link it in the text: [NAME](NAME). If their "
            "notebook writes it, require it: on the page, or with --require NAME. If "
            "it has correct results, keep the folder with --write, put it into "
            "private/, and read it there: private / name.",
        )


def _note_on_doubtful(draft: Draft, named: _Named, left: _Left) -> None:
    if left.doubtful:
        draft.note(
            "Left out, because tests read them and the notebook may write them: "
            f"{', '.join(_in_groups(sorted(left.doubtful)))}.",
            hint="If students' work writes one, require it: on the page, or with "
            "--require NAME. If students need one as it is, link it in the text: "
            "[NAME](NAME), or read it in a cell above all cells that write.",
        )
    public = [name for name in draft.public if named.is_doubtful(Path(name))]
    if public:
        draft.note(
            "The notebook may write these files, and students get them: "
            f"{', '.join(_in_groups(sorted(public)))}.",
            hint="If one was left there when staff ran the notebook, delete it and "
            "import again. Otherwise it takes the place of the students' own.",
        )


def _note_on_folders(draft: Draft, left: _Left, folder: Path) -> None:
    for top, count in left.folders.items():
        files = "1 file" if count == 1 else f"{count} files"
        draft.note(
            f"The folder was left out, with {files}.",
            file=(folder / top).as_posix(),
            hint="If students need it, rename it to data/. If only tests need it, "
            "keep the folder with --write, and put the files into private/.",
        )


def _note_on_files(draft: Draft, named: _Named) -> None:
    hidden = [name for name in draft.public if named.is_only_of_tests(Path(name))]
    if hidden:
        draft.note(
            f"Students get files that only tests name: {', '.join(sorted(hidden))}.",
            hint="If it has correct results, keep the folder with --write, move it "
            "from public/ to private/, and read it there: private / name. If "
            "students' work writes it, require it: on the page, or with --require "
            "NAME.",
        )
    _note_on_unnamed(draft, named, hidden)


def _note_on_tested(draft: Draft, named: _Named, required: Collection[str]) -> None:
    """Note files that tests read and the notebook writes: tests do not get them."""
    read = {
        PurePosixPath(path).name
        for path in named.written
        if "*" not in path and mentions_file(named.tests, PurePosixPath(path).name)
    }
    missing = sorted(name for name in read - {*required} if "." in name)
    if missing:
        draft.note(
            f"Tests name files that the notebook writes: {', '.join(missing)}. Tests "
            "do not get what a run writes.",
            hint="Require the file, so that students hand it in: on the page, or with "
            "--require NAME. Or let a function of the notebook return what it writes.",
        )


def _note_on_unnamed(draft: Draft, named: _Named, said: Collection[str]) -> None:
    """Note each public file that the hand-out does not name, except those in `said`.

    SECURITY: no list of words covers all names that staff give to a file of correct
    results. So no file becomes public without a note, unless students see its name
    anyway.
    """
    unnamed = [
        name
        for name in draft.public
        if name not in said and not _names_this(named, name, draft.public)
    ]
    modules = [name for name in unnamed if name.endswith(".py") and "/" not in name]
    if modules:
        draft.note(
            "Students get these modules, though their notebook names none of them: "
            f"{', '.join(modules)}.",
            hint="If one is for tests only, keep the folder with --write, and move it "
            "from public/ to private/.",
        )
    others = [name for name in unnamed if name not in modules]
    if others:
        draft.note(
            "Students get these files, though their notebook names none of them: "
            f"{', '.join(_in_groups(others))}.",
            hint="If one has correct results, or is for tests only, keep the folder "
            "with --write, move it from public/ to private/, and read it there: "
            "private / name.",
        )


def _names_this(named: _Named, name: str, public: Collection[str]) -> bool:
    """Return whether the hand-out names this file, not only one of the same name."""
    path = Path(name)
    if not named.handout.names(path):
        return False
    is_alone = sum(Path(each).name == path.name for each in public) == 1
    folder = path.parent.name or "."
    if is_alone or folder == ".":
        return True
    pattern = rf"(?<![\w-]){re.escape(folder)}(?![\w-])"
    return bool(re.search(pattern, named.handout.text))


def _in_groups(names: Iterable[str]) -> Iterator[str]:
    """Yield the names in order, with many similar ones as one pattern.

    A pattern is followed by its number of files.
    """
    numbered = _grouped(names, lambda name: re.sub(r"\d+", "*", name))
    for pattern, group in numbered.items():
        if len(group) > _NUMBERED:
            yield f"{pattern} ({len(group)} files)"
    rest = (
        each for group in numbered.values() if len(group) <= _NUMBERED for each in group
    )
    for pattern, group in _grouped(sorted(rest), _kind).items():
        if len(group) > _OF_A_KIND:
            yield f"{pattern} ({len(group)} files)"
        else:
            yield from group


def _grouped(
    names: Iterable[str], pattern_of: Callable[[str], str]
) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(pattern_of(name), []).append(name)
    return groups


def _kind(name: str) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(f"*{path.suffix}"))


def public_modules(files: Mapping[str, Path]) -> dict[str, Path]:
    """Return the modules among public files, by the names under which they import."""
    found = {}
    for name, path in files.items():
        if name.endswith(".py"):
            module = name.removesuffix(".py").removesuffix("/__init__")
            found[module.replace("/", ".")] = path
    return found


def _is_for_students(inner: Path, named: Mentions) -> bool:
    folders = [part.lower() for part in inner.parts[:-1]]
    if (
        any(map(has_staff_name, inner.parts[:-1]))
        or folders[0] in _FOR_STAFF_AT_THE_TOP
    ):
        return False
    return folders[0] in _FOR_STUDENTS or _is_named(inner.parts[0], named)


def _is_named(folder: str, named: Mentions) -> bool:
    """Return whether the hand-out names the folder in a path or imports from it."""
    name = re.escape(folder)
    path = rf"(?<![\w./-])(\./)?{name}/"
    quoted = rf"[\"']{name}[\"']"
    is_imported = any(module.partition(".")[0] == folder for module in named.modules)
    return is_imported or bool(re.search(f"{path}|{quoted}", named.text))
