"""The files that lie beside a foreign notebook: public data, or the model solution's."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from courses.bundle.manifest import is_file_name
from courses.bundle.notebooks import source_of
from courses.importing.contents import Draft, Source
from courses.importing.staff_files import (
    is_for_staff,
    names_file,
    sounds_like_staffs,
)

# Folders that are for students by their names.
_FOR_STUDENTS: Final = frozenset(
    {
        *("data", "dataset", "datasets", "images", "image", "img", "imgs", "media"),
        *("figures", "figure", "figs", "fig", "pictures", "assets", "resources"),
    }
)
# Names that mean something else below data/, such as a split into train and test.
_FOR_STAFF_AT_THE_TOP: Final = frozenset(
    {"tests", "test", "grading", "marking", "rubric", "rubrics", "feedback", "grades"}
)
# So many files are named one by one whose names differ by a number, and so many of one
# folder and kind.
_NUMBERED: Final = 3
_OF_A_KIND: Final = 50


def add_public_files(
    draft: Draft,
    source: Source,
    folder: Path,
    *,
    required: Collection[str] = (),
    without: Collection[str] = (),
) -> None:
    """Add the files of a folder to the draft as public data, with notes on the others.

    A file beside the notebook whose name is in `required` is the model solution's: it
    is what students hand in. Folders below come along with their structure where they
    are for students: by their names, or because the hand-out names them. No file comes
    along that sounds like the staff's, wherever it lies.
    """
    text = "\n".join(source_of(cell) for cell in draft.handout["cells"])
    notebooks = {path.stem for path in source.files if path.suffix == ".ipynb"}
    left_out: Counter[str] = Counter()
    staffs: list[str] = []
    for path, inner in _beside(source, folder, without):
        name = inner.as_posix()
        if name in required:
            draft.solution[name] = source.root / path
        elif not is_file_name(name):
            draft.note("No file may have this name; it was left out.", file=name)
        elif len(inner.parts) > 1 and not _is_for_students(inner, text):
            left_out[inner.parts[0]] += 1
        elif is_for_staff(inner, notebooks, text):
            staffs.append(name)
        else:
            draft.public.setdefault(name, source.root / path)
    _note_on_files(draft, staffs, text)
    for top, count in left_out.items():
        files = "1 file" if count == 1 else f"{count} files"
        draft.note(
            f"The folder was left out, with {files}.",
            file=(folder / top).as_posix(),
            hint="Name it data/ if students need it. For tests only: keep the folder "
            "with --write, and put the files into private/.",
        )


def _beside(
    source: Source, folder: Path, without: Collection[str]
) -> Iterator[tuple[Path, Path]]:
    """Yield the files below the folder but its notebooks, also by their paths there."""
    for path in source.files:
        if folder == Path() or folder in path.parents:
            inner = path.relative_to(folder)
            if path.suffix != ".ipynb" and inner.parts[0] not in without:
                yield path, inner


def _note_on_files(draft: Draft, staffs: list[str], text: str) -> None:
    if staffs:
        draft.note(
            f"Left out, since they sound like the staff's: {', '.join(sorted(staffs))}.",
            hint="If students need one, give it another name, and use that in the "
            "notebook. For tests only: keep the folder with --write, and put it into "
            "private/.",
        )
    tests = "\n".join(draft.tests.values())
    hidden = [
        name
        for name in draft.public
        if not names_file(text, Path(name)) and names_file(tests, Path(name))
    ]
    if hidden:
        draft.note(
            f"Students get what only the tests name: {', '.join(sorted(hidden))}.",
            hint="If it says what is right, keep the folder with --write, move it from "
            "public/ to private/, and read it there: private / name.",
        )
    _note_on_unnamed(draft, text, hidden)


def _note_on_unnamed(draft: Draft, text: str, said: Collection[str]) -> None:
    """Note each public file that the hand-out does not name, but those of `said`.

    SECURITY: no list of words knows what staff call a file that says what is right. So
    none comes along in silence unless students read its name anyway.
    """
    unnamed = [
        name
        for name in draft.public
        if name not in said and not _names_this(text, name, draft.public)
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
            hint="If one says what is right, or is for tests only, keep the folder with "
            "--write, move it from public/ to private/, and read it there: private / "
            "name.",
        )


def _names_this(text: str, name: str, public: Collection[str]) -> bool:
    """Whether the hand-out names the file, and not only one of its name elsewhere."""
    path = Path(name)
    if not names_file(text, path):
        return False
    is_alone = sum(Path(each).name == path.name for each in public) == 1
    folder = path.parent.name or "."
    if is_alone or folder == ".":
        return True
    return bool(re.search(rf"(?<![\w-]){re.escape(folder)}(?![\w-])", text))


def _in_groups(names: Iterable[str]) -> Iterator[str]:
    """Yield the names in order; many that are alike as one, with their number."""
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
    """Return the modules among public files by the names under which they import."""
    found = {}
    for name, path in files.items():
        if name.endswith(".py"):
            module = name.removesuffix(".py").removesuffix("/__init__")
            found[module.replace("/", ".")] = path
    return found


def _is_for_students(inner: Path, text: str) -> bool:
    folders = [part.lower() for part in inner.parts[:-1]]
    if (
        any(map(sounds_like_staffs, inner.parts[:-1]))
        or folders[0] in _FOR_STAFF_AT_THE_TOP
    ):
        return False
    return folders[0] in _FOR_STUDENTS or _is_named(inner.parts[0], text)


def _is_named(folder: str, text: str) -> bool:
    """Whether the hand-out names the folder in a path or imports from it."""
    name = re.escape(folder)
    path = rf"(?<![\w./-])(\./)?{name}/"
    module = rf"^\s*(from|import)\s+{name}\b"
    quoted = rf"[\"']{name}[\"']"
    return bool(re.search(f"{path}|{module}|{quoted}", text, re.MULTILINE))
