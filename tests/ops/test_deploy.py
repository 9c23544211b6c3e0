"""The files in deploy/ are valid, and start the commands that the docs name."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_spec import PyCompose

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
PROGRAMS = ("web", "worker", "worker-gpu", "beat")


def commands_in_docs() -> dict[str, str]:
    """Return the commands of the table of roles, by the beginning of the role."""
    text = (ROOT / "docs" / "operating.md").read_text()
    rows = re.findall(
        r"^\| (web|worker|beat): [^|]* \| `([^`]+)` \|", text, re.MULTILINE
    )
    return dict(rows)


def starts_as_documented(part: str, command: str) -> bool:
    """Return whether the command is the documented one with options of its own."""
    program = command.replace("/srv/softmark/.venv/bin/", "")
    return program.startswith(commands_in_docs()[part.partition("-")[0]])


def manifests() -> list[dict[str, Any]]:
    return [each for path in MANIFESTS for each in yaml.safe_load_all(path.read_text())]


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def test_the_docs_name_three_commands() -> None:
    assert set(commands_in_docs()) == {"web", "worker", "beat"}


def test_units_are_valid(tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("no systemd-analyze: apt-get install systemd")
    for unit in UNITS:
        # The programs must exist where the unit says.
        here = unit.read_text().replace("/srv/softmark/.venv", sys.prefix)
        (tmp_path / unit.name).write_text(here.replace("/srv/softmark", str(ROOT)))
    done = subprocess.run(
        [tool, "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    # It also reads the machine's own units.
    ours = [line for line in done.stderr.splitlines() if "softmark" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


def test_there_is_a_unit_for_each_program_with_the_documented_command() -> None:
    assert {unit.stem for unit in UNITS} == {f"softmark-{name}" for name in PROGRAMS}
    for unit in UNITS:
        (command,) = re.findall(r"^ExecStart=(.*)", unit.read_text(), re.MULTILINE)
        assert starts_as_documented(unit.stem.removeprefix("softmark-"), command)


def test_units_of_workers_stop_as_the_docs_say() -> None:
    for unit in UNITS:
        assert "TimeoutStopSec=15\n" in unit.read_text(), unit.name


def test_compose_file_follows_the_specification() -> None:
    valid = compose()
    PyCompose.from_json(json.dumps(valid))
    valid["services"]["web"]["depends_on"]["prepare"]["condition"] = "is_done"
    with pytest.raises(ValueError, match="is_done"):
        PyCompose.from_json(json.dumps(valid))


def test_compose_file_starts_the_documented_commands() -> None:
    services = compose()["services"]
    image = (DEPLOY / "Dockerfile").read_text()
    (words,) = re.findall(r"^CMD (\[.*\])$", image, re.MULTILINE)
    for part in PROGRAMS:
        command = services[part].get("command") or json.loads(words)
        assert starts_as_documented(part, " ".join(command))


@pytest.mark.parametrize("manifest", manifests(), ids=lambda m: m["metadata"]["name"])
def test_manifests_follow_the_schemas_of_kubernetes(manifest: dict[str, Any]) -> None:
    latest = kubernetes_validate.latest_version()
    kubernetes_validate.validate(manifest, latest, strict=True)


def test_manifests_start_the_documented_commands() -> None:
    found = {}
    for manifest in manifests():
        if manifest["kind"] == "Deployment":
            (container,) = manifest["spec"]["template"]["spec"]["containers"]
            found[container["name"]] = " ".join(container["command"])
    assert set(found) == {"web", "worker-cpu", "worker-gpu", "beat"}
    for part, command in found.items():
        assert starts_as_documented(part, command)


def test_there_is_one_beat_and_never_two() -> None:
    (beat,) = [m for m in manifests() if m["metadata"]["name"] == "softmark-beat"]
    assert beat["spec"]["replicas"] == 1
    assert beat["spec"]["strategy"] == {"type": "Recreate"}


def test_examples_set_only_variables_that_are_read() -> None:
    docs = (ROOT / "docs" / "operating.md").read_text()
    known = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", docs))
    used = set(compose()["services"]["web"]["environment"])
    for manifest in manifests():
        used |= {*manifest.get("data", {}), *manifest.get("stringData", {})}
    assert used <= known


def test_volumes_are_mounted_where_the_portal_keeps_its_files() -> None:
    image = (DEPLOY / "Dockerfile").read_text()
    (folder,) = re.findall(r"SOFTMARK_VAR=(\S+)", image)
    assert f"VOLUME {folder}\n" in image
    for part in PROGRAMS:
        assert compose()["services"][part]["volumes"] == [f"files:{folder}"]
