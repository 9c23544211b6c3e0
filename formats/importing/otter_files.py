"""Add the files that come with an assignment in Otter's format."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Final

from formats.archives import Source
from formats.assignment.manifest import is_file_name
from formats.importing.data_file_uses import DataFileUses
from formats.importing.draft import Draft
from formats.importing.mentions import mentions_file, mentions_of
from formats.importing.public_files import add_public_files
from formats.importing.staff_files import has_staff_name
from formats.importing.written_files import is_written, written_by

CONFIG: Final = "otter_config.json"
_OWN: Final = (
    "tests",
    "files",
    CONFIG,
    "run_autograder",
    "run_otter.py",
    "setup.sh",
    "environment.yml",
)
_DERIVED: Final = (".ipynb", ".zip", ".pdf")


def add_files(
    draft: Draft,
    source: Source,
    folder: Path,
    staff: Path,
    required: Collection[str],
) -> None:
    """Add the files beside the hand-out, and an autograder's files/, as public data.

    SECURITY: files beside the staff notebook are not added, because they may contain
    solutions.
    """
    own = (*_OWN, "autograder", "student")
    add_public_files(
        draft,
        source,
        folder,
        tests=_text_of_tests(draft, source),
        required=required,
        without=own,
    )
    _add_files_of_autograder(draft, source, _text_of_tests(draft, source))
    draft.public = {n: p for n, p in draft.public.items() if p.suffix != ".zip"}
    left = []
    for path in source.under(staff) if staff != folder else ():
        if path.name in required:
            draft.solution[path.name] = source.root / path
        elif path.name not in (*draft.public, *_OWN) and path.suffix not in _DERIVED:
            left.append(path.name)
    if left:
        draft.note(
            "Left out, because they are only beside the staff's notebook: "
            f"{', '.join(left)}.",
            file=staff.as_posix(),
            hint="Keep the folder with --write, and put what tests need into private/.",
        )


def _text_of_tests(draft: Draft, source: Source) -> str:
    """Return the text of all tests, from their files and from the notebook."""
    files = (
        (source.root / path).read_text("utf-8", "replace")
        for path in source.files
        if path.suffix == ".py" and path.parent.name == "tests"
    )
    return "\n".join([*files, json.dumps(draft.staff["metadata"].get("otter"))])


def _add_files_of_autograder(draft: Draft, source: Source, tests: str) -> None:
    """Add the files/ of an autograder zip, which Otter puts beside the notebook.

    SECURITY: only files that the hand-out names are added. Data and reference code of
    hidden tests are in the same folder.
    """
    named = mentions_of(draft.handout["cells"])
    written = written_by([*draft.staff["cells"], *draft.handout["cells"]])
    given = DataFileUses(draft.staff["cells"], draft.handout["cells"], {})
    added, left = [], []
    for path in source.files:
        if "files" not in path.parts[:-1] or path.suffix == ".ipynb":
            continue
        name = path.relative_to(*path.parts[: path.parts.index("files") + 1]).as_posix()
        if name in draft.public or not is_file_name(name):
            continue
        is_staffs = any(map(has_staff_name, Path(name).parts))
        is_doubtful = mentions_file(tests, Path(name).name) and not given.is_input_data(
            Path(name)
        )
        is_left = is_staffs or is_written(name, written)
        is_left = is_left or (is_doubtful and not name.endswith(".py"))
        if named.names(Path(name)) and not is_left:
            draft.public[name] = source.root / path
            added.append(name)
        else:
            left.append(name)
    if added:
        draft.note(
            f"Students get these files of the autograder too: {', '.join(added)}.",
            hint="The hand-out names them. If one is for tests only, keep the folder "
            "with --write, and move it from public/ to private/.",
        )
    if left:
        draft.note(
            f"Left out of the autograder's files: {', '.join(left)}.",
            hint="The hand-out's code and links do not name them, or may write them, "
            "or their names sound like the staff's. Keep the folder with --write, and "
            "put what tests need into private/ and what students need into public/.",
        )
