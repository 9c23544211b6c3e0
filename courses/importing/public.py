"""The files that lie beside a foreign notebook."""

from collections.abc import Collection
from pathlib import Path

from courses.importing.contents import Draft, Source
from courses.importing.writing import public_name


def add_public_files(
    draft: Draft, source: Source, folder: Path, *, without: Collection[str] = ()
) -> None:
    """The draft has the files of a folder as public data, and notes on the others."""
    for path in source.files:
        if folder != Path() and folder not in path.parents:
            continue
        inner = path.relative_to(folder)
        if path.suffix == ".ipynb" or inner.parts[0] in without:
            continue
        if len(inner.parts) > 1:
            draft.note(
                "The file lies in a folder and was left out.",
                file=path.as_posix(),
                hint="Put it beside the notebook if the notebook reads it.",
            )
        elif not public_name(path.name):
            draft.note("No file may have this name; it was left out.", file=path.name)
        elif path.name not in {each.name for each in draft.public}:
            draft.public.append(source.root / path)
