"""A small sound bundle without a notebook, that tests write and break in one place."""

from pathlib import Path
from typing import Final

from formats.problems import Problem
from tests.formats.assignment.bundles import faults_of

FILES_MANIFEST: Final = """\
format: 1
title: Report
required_files:
  - name: report.pdf
    kind: pdf
    max_mb: 5
    description: Four pages at most
  - name: figures.zip
    kind: zip
    max_mb: 20
    optional: true
questions:
  - key: method
    title: Method
    points: 6
    kind: manual
  - key: writing
    title: Writing
    points: 4
    kind: manual
    rubric:
      groups:
        - title: Style
          items:
            - text: Clear
              points: 4
            - text: Hard to follow
              points: 1
"""


def write_files_bundle(folder: Path, manifest: str = FILES_MANIFEST) -> Path:
    """Write the bundle: assignment.yaml alone."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "assignment.yaml").write_text(manifest)
    return folder


def files_faults_with(folder: Path, old: str, new: str) -> tuple[Problem, ...]:
    """Return the faults of the bundle with one text of its manifest replaced."""
    assert old in FILES_MANIFEST
    return faults_of(write_files_bundle(folder, FILES_MANIFEST.replace(old, new)))
