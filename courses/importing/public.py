"""The files that lie beside a foreign notebook: public data, or the model solution's."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from courses.bundle.manifest import is_file_name
from courses.bundle.notebooks import source_of
from courses.importing.contents import Draft, Source

# Folders that are for students by their names.
_FOR_STUDENTS: Final = frozenset(
    {
        *("data", "dataset", "datasets", "images", "image", "img", "imgs", "media"),
        *("figures", "figure", "figs", "fig", "pictures", "assets", "resources"),
    }
)
# SECURITY: what a folder of such a name holds is never handed out.
_FOR_STAFF: Final = frozenset(
    {
        *("solution", "solutions", "answer", "answers", "hidden", "private", "secret"),
        *("secrets", "staff", "instructor", "instructors", "autograder", "grader"),
    }
)
# Names that mean something else below data/, such as a split into train and test.
_FOR_STAFF_AT_THE_TOP: Final = frozenset(
    {"tests", "test", "grading", "marking", "rubric", "rubrics", "feedback"}
)


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
    are for students: by their names, or because the hand-out names them.
    """
    text = "\n".join(source_of(cell) for cell in draft.handout["cells"])
    left_out: Counter[str] = Counter()
    for path in source.files:
        if folder != Path() and folder not in path.parents:
            continue
        inner = path.relative_to(folder)
        if path.suffix == ".ipynb" or inner.parts[0] in without:
            continue
        name, top = inner.as_posix(), inner.parts[0]
        if name in required:
            draft.solution[name] = source.root / path
        elif not is_file_name(name):
            draft.note("No file may have this name; it was left out.", file=name)
        elif len(inner.parts) > 1 and not _is_for_students(inner, text):
            left_out[top] += 1
        else:
            draft.public.setdefault(name, source.root / path)
    for top, count in left_out.items():
        files = "1 file" if count == 1 else f"{count} files"
        draft.note(
            f"The folder was left out, with {files}.",
            file=(folder / top).as_posix(),
            hint="Name it data/ if students need it. For tests only: keep the folder "
            "with --write, and put the files into private/.",
        )


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
    if _FOR_STAFF.intersection(folders) or folders[0] in _FOR_STAFF_AT_THE_TOP:
        return False
    return folders[0] in _FOR_STUDENTS or _is_named(inner.parts[0], text)


def _is_named(folder: str, text: str) -> bool:
    """Whether the hand-out names the folder in a path or imports from it."""
    name = re.escape(folder)
    path = rf"(?<![\w./-])(\./)?{name}/"
    module = rf"^\s*(from|import)\s+{name}\b"
    quoted = rf"[\"']{name}[\"']"
    return bool(re.search(f"{path}|{module}|{quoted}", text, re.MULTILINE))
