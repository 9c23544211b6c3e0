"""Whatever assignment.yaml contains, reading it returns a bundle or faults."""

import string
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.assignment import Bundle, ImportRefusedError, read_bundle
from tests.formats.assignment.bundles import MANIFEST, write_bundle

KEYS = [
    *("format", "title", "notebook", "limits", "parameters", "required_files"),
    *("questions", "key", "points", "kind", "checks", "name", "visibility", "max_mb"),
    *("optional", "cell_seconds"),
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(string.printable, max_size=12)
    | st.sampled_from(["auto", "manual", "notebook", "always", "task.ipynb"])
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=6
        )
    ),
    max_leaves=25,
)


def read(manifest: bytes) -> Bundle | None:
    """Return the bundle, or None if faults were found; nothing else may be raised."""
    with TemporaryDirectory() as folder:
        try:
            return read_bundle(write_bundle(Path(folder), manifest=manifest))
        except ImportRefusedError:
            return None


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_any_tree_is_read_or_refused(tree: Any) -> None:
    read(yaml.safe_dump(tree).encode())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(MANIFEST) - 1), st.text(max_size=3), st.integers(0, 5))
def test_any_typing_error_is_read_or_refused(
    place: int, text: str, removed: int
) -> None:
    spoilt = MANIFEST[:place] + text + MANIFEST[place + removed :]
    read(spoilt.encode("utf-8", "surrogatepass"))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert read(data) is None
