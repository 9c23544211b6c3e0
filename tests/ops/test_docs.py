"""The documents agree with the code."""

import re
from pathlib import Path

from grading.states import EDGES

ROOT = Path(__file__).parents[2]
OPERATING = (ROOT / "docs" / "operating.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
# Set by the portal itself, for its own processes.
INTERNAL = {"DJANGO_SETTINGS_MODULE", "SOFTMARK_READY_FILE", "SOFTMARK_SUPERVISED"}


def variables_read() -> set[str]:
    settings = (ROOT / "portal" / "settings.py").read_text()
    gunicorn = (ROOT / "portal" / "gunicorn.py").read_text()
    found = re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", settings)
    return {*found, *re.findall(r"environ\.get\(['\"]([A-Z_]+)", gunicorn)} - INTERNAL


def test_every_environment_variable_has_a_row() -> None:
    assert variables_read() == set(
        re.findall(r"^\| `([A-Z_]+)`", OPERATING, re.MULTILINE)
    )


def test_every_edge_of_the_state_machine_has_a_row() -> None:
    _, _, section = ARCHITECTURE.partition("\n## States\n")
    table, _, _ = section.partition("\n## ")
    rows = re.findall(r"^\| (\w+) \| (\w+) \| ", table, re.MULTILINE)
    assert set(rows) - {("from", "to")} == {(str(a), str(b)) for a, b in EDGES}


def test_every_link_and_named_test_exists() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", document.read_text()):
            if target.endswith("screenshot.png"):
                continue  # made by `make screenshot`
            assert (document.parent / target).exists(), f"{document.name}: {target}"
    for name in re.findall(r"`(tests/[\w/]+(?:\.py)?)`", ARCHITECTURE):
        assert (ROOT / name).exists(), name
