"""Keep only metadata of notebooks that has the types that the format requires.

So code that reads the notebook to run can rely on the types of nbformat 4. The state of
an editor's window and of an earlier run is left out.
"""

from typing import Any, Final

# Widget state holds outputs. It can be larger than the rest of the notebook.
NOTEBOOK_STATE: Final = frozenset({"widgets", "signature", "orig_nbformat"})
CELL_STATE: Final = frozenset({"collapsed", "scrolled", "execution", "jupyter"})
# Objects of the notebook's metadata, with the texts that each must contain.
NEEDED: Final = {"kernelspec": ("name", "display_name"), "language_info": ("name",)}
TYPES: Final[dict[str, type]] = {
    "title": str,
    "authors": list,
    "format": str,
    "softmark": dict,
    "nbgrader": dict,
}


def notebook_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the notebook's metadata without entries of a wrong type."""
    return {
        key: value
        for key, value in metadata.items()
        if key not in NOTEBOOK_STATE
        and isinstance(value, TYPES.get(key, object))
        and _has_texts(value, NEEDED.get(key))
    }


def _has_texts(value: object, needed: tuple[str, ...] | None) -> bool:
    if needed is None:
        return True
    return isinstance(value, dict) and all(
        isinstance(value.get(name), str) for name in needed
    )


def cell_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return a cell's metadata without entries of a wrong type. Tags are texts."""
    kept = {
        key: value
        for key, value in metadata.items()
        if key not in CELL_STATE and isinstance(value, TYPES.get(key, object))
    }
    if "tags" in kept:
        kept["tags"] = tags(metadata)
    if not isinstance(kept.get("name", "name"), str) or kept.get("name") == "":
        del kept["name"]
    return kept


def tags(metadata: dict[str, Any]) -> list[str]:
    """Return a cell's tags in order, without repeated ones."""
    given = metadata.get("tags")
    if not isinstance(given, list):
        return []
    texts = [tag for tag in given if isinstance(tag, str) and tag and "," not in tag]
    return list(dict.fromkeys(texts))


def attachments(given: dict[str, Any]) -> dict[str, Any]:
    """Return the files attached to a text cell, without malformed ones."""
    return {name: bundle for name, bundle in given.items() if _is_bundle(bundle)}


def _is_bundle(bundle: object) -> bool:
    return isinstance(bundle, dict) and all(
        isinstance(content, str)
        or (
            isinstance(content, list) and all(isinstance(line, str) for line in content)
        )
        for content in bundle.values()
    )
