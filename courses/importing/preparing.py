"""From a folder, a zip or a notebook to a folder in our own format."""

import shutil
from pathlib import Path

from courses.bundle.faults import FaultList
from courses.importing import nbgrader, otter
from courses.importing.archives import unpack, walk
from courses.importing.contents import Format, ImportOptions, Prepared, Source
from courses.importing.notebooks import detect
from courses.importing.writing import write_folder


def prepare(source: Path, *, scratch: Path, options: ImportOptions) -> Prepared:
    """Return a folder in our own format with what `source` holds.

    A source in our own format is that folder; of another one, a folder is written
    into `scratch`, which must be empty. Raises BundleError with all that is in the
    way. The folder still has to be read by `read_bundle`, which judges it as a whole.
    """
    found = _with_notebook(_opened(source, scratch), scratch, options)
    kind = options.format or detect(found)
    if kind is Format.SOFTMARK:
        return Prepared(format=kind, folder=_own_folder(found))
    if kind is Format.NBGRADER:
        draft = nbgrader.convert(found, options)
    else:
        draft = otter.convert(found, options)
    draft.faults.raise_if_any()
    folder = write_folder(draft, scratch / "assignment", options)
    return Prepared(format=kind, folder=folder, notes=tuple(draft.notes))


def _opened(source: Path, scratch: Path) -> Source:
    faults = FaultList()
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
        hint="Pack the assignment's folder as a zip.",
    )
    raise faults.error()


def _with_notebook(source: Source, scratch: Path, options: ImportOptions) -> Source:
    """The source with the one notebook that was chosen, or was given beside it."""
    if options.notebook is None:
        return source
    chosen = options.notebook
    inside = [path for path in source.files if _is_named(path, chosen)]
    if inside:
        dropped = {p for p in source.files if p.suffix == ".ipynb"} - {inside[0]}
        files = tuple(path for path in source.files if path not in dropped)
        return Source(root=source.root, files=files)
    if not chosen.is_file() or chosen.suffix != ".ipynb":
        faults = FaultList()
        faults.add(f"There is no notebook “{chosen}”.")
        raise faults.error()
    # A copy, so that the source stays as it is.
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
    """The folder in which the files lie: a zip often holds one folder and no more."""
    folders = sorted({path.parent for path in files}, key=lambda each: len(each.parts))
    tops = {path.parts[0] for path in files}
    is_nested = len(tops) == 1 and all(len(path.parts) > 1 for path in files)
    return folders[0] if is_nested else Path()


def _own_folder(source: Source) -> Path:
    places = [p.parent for p in source.files if p.name == "assignment.yaml"]
    places.sort(key=lambda place: len(place.parts))
    # Without the file, reading the folder says so.
    return source.root / (places[0] if places else Path())
