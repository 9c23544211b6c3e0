"""Convert a folder, a zip or a notebook to a folder in our own format."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from formats.archives import Source, unpack, walk
from formats.assignment.manifest import FILE
from formats.importing import nbgrader, otter
from formats.importing.draft import Draft, Format, ImportOptions, PreparedFolder
from formats.importing.imported_packages import imports_in_files
from formats.importing.source_notebooks import detect
from formats.importing.write_folder import write_folder
from formats.problems import (
    Problem,
    ProblemList,
)
from formats.yaml_document import nearest


def prepare_folder(
    source: Path, *, scratch: Path, options: ImportOptions
) -> PreparedFolder:
    """Return a folder in our own format with the assignment in `source`.

    A source in our own format is used as that folder. Any other source is converted to
    a folder in `scratch`, which must be empty. Raises ImportRefusedError with every fault. The
    folder must still be read by `read_bundle`, which checks it as a whole.
    """
    found = _with_notebook(_opened(source, scratch), scratch, options)
    kind = options.format or detect(found)
    if kind is Format.SOFTMARK:
        return PreparedFolder(
            format=kind,
            folder=_own_folder(found),
            notes=tuple(_notes_on_unused_options(options)),
        )
    if kind is Format.NBGRADER:
        draft = nbgrader.convert(found, options)
    else:
        draft = otter.convert(found, options)
    _check_point_keys(draft, options)
    _add_solution(draft, options)
    draft.faults.raise_if_any()
    folder = write_folder(draft, scratch / "assignment", options)
    return PreparedFolder(
        format=kind,
        folder=folder,
        notes=tuple(draft.notes),
        imported=(*draft.imported, *imports_in_files(draft.public)),
    )


def _notes_on_unused_options(options: ImportOptions) -> Iterator[Problem]:
    """Yield a note if an option was given that only foreign formats need."""
    if options.has_manifest_options:
        yield Problem(
            message="The settings for nbgrader and Otter have no effect here, "
            "because the assignment has its own.",
            file=FILE,
            hint="Write them in assignment.yaml.",
        )


def _check_point_keys(draft: Draft, options: ImportOptions) -> None:
    keys = [question.key for question in draft.questions]
    for key in options.points:
        if key not in keys and not draft.faults:
            draft.faults.add(
                f"There are points for “{key}”, but no question has this key.",
                hint=nearest(key, keys),
            )


def _add_solution(draft: Draft, options: ImportOptions) -> None:
    """Add the given files of the model solution, and note those that are missing."""
    required = [file.name for file in options.required_files if not file.is_optional]
    for path in options.solution:
        if path.name in required:
            draft.solution[path.name] = path
        else:
            draft.faults.add(
                "Students do not hand in a file of this name.",
                file=path.name,
                hint="Name it among the files that are handed in: on the page, or with "
                "--require.",
            )
    for name in required:
        if name not in draft.solution:
            draft.note(
                f"The model solution has no “{name}”, so its trial run cannot read it.",
                hint="Put the file beside the source notebook, or give it: on the page "
                "as a file of the model solution, or with --solution.",
            )


def _opened(source: Path, scratch: Path) -> Source:
    faults = ProblemList()
    if source.is_dir():
        return walk(source)
    if not source.is_file():
        faults.add(f"There is no file or folder “{source.name}”.")
        raise faults.error()
    if source.suffix == ".ipynb":
        return Source(root=source.parent, files=(Path(source.name),))
    if source.suffix == ".zip":
        return unpack(source, scratch / "unpacked")
    faults.add(
        "Only a folder, a .zip or an .ipynb can be imported.",
        file=source.name,
        hint="Make a zip of the assignment's folder.",
    )
    raise faults.error()


def _with_notebook(source: Source, scratch: Path, options: ImportOptions) -> Source:
    """Return the source with only the chosen notebook, or with the one given."""
    if options.notebook is None:
        return source
    chosen = options.notebook
    inside = [path for path in source.files if _is_named(path, chosen)]
    if inside:
        dropped = {p for p in source.files if p.suffix == ".ipynb"} - {inside[0]}
        files = tuple(path for path in source.files if path not in dropped)
        return Source(root=source.root, files=files)
    if not chosen.is_file() or chosen.suffix != ".ipynb":
        faults = ProblemList()
        faults.add(f"There is no notebook “{chosen}”.")
        raise faults.error()
    # Copied, so that the source is not changed.
    root = scratch / "joined"
    others = [path for path in source.files if path.suffix != ".ipynb"]
    for path in others:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source.root / path, root / path)
    base = _shallowest(others)
    (root / base).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(chosen, root / base / chosen.name)
    return Source(root=root, files=(*others, base / chosen.name))


def _is_named(path: Path, chosen: Path) -> bool:
    return path == chosen or (len(chosen.parts) == 1 and path.name == chosen.name)


def _shallowest(files: list[Path]) -> Path:
    """Return the folder in which the files lie. A zip often has one outer folder."""
    folders = sorted({path.parent for path in files}, key=lambda each: len(each.parts))
    tops = {path.parts[0] for path in files}
    is_nested = len(tops) == 1 and all(len(path.parts) > 1 for path in files)
    return folders[0] if is_nested else Path()


def _own_folder(source: Source) -> Path:
    places = [p.parent for p in source.files if p.name == "assignment.yaml"]
    places.sort(key=lambda place: len(place.parts))
    # Without assignment.yaml, reading the folder notes that it is missing.
    return source.root / (places[0] if places else Path())
