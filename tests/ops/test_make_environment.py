"""make_environment imports the packages that it installed before it reports success."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def install(pins: list[str], site: Path) -> None:
    """Write a module for each pin, as pip would: `text==1` is a module `text`."""
    for pin in pins:
        name, _, code = pin.partition("==")
        (site / f"{name}.py").write_text(code.partition("#")[2])
        info = site / f"{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\n")
        (info / "RECORD").write_text(f"{name}.py,,\n{name}-1.dist-info/METADATA,,\n")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = ROOT / "scripts" / "make_environment.py"
    spec = importlib.util.spec_from_file_location("make_environment", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "_install", install)
    monkeypatch.setattr(module, "_NEEDED", ("json",))
    monkeypatch.setattr(module, "_USUAL", ())
    return module


def test_installed_packages_are_imported(script: ModuleType, tmp_path: Path) -> None:
    python, notes = script.make_environment(tmp_path, ["good==1#x = 1"])
    assert (python, notes) == (tmp_path / "bin" / "python", [])


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import nothing_there", "ModuleNotFoundError: No module named"),
        ("raise ImportError('line 1\\nline 2')", "ImportError: line 1 line 2"),
        ("print('hello'); 1 / 0", "ZeroDivisionError"),
        ("import os; os.abort()", "it ends the interpreter"),
        ("raise SystemExit(0)", "SystemExit"),
    ],
)
def test_a_pin_that_cannot_be_imported_is_named_with_its_reason(
    script: ModuleType, tmp_path: Path, code: str, why: str
) -> None:
    pins = ["good==1#x = 1", f"bad==1#{code}"]
    with pytest.raises(script.EnvironmentNotMadeError) as error:
        script.make_environment(tmp_path, pins)
    assert f"bad==1#{code} cannot be imported: {why}" in str(error.value)
    assert "good" not in str(error.value)


def test_packages_that_every_notebook_needs_must_be_importable(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "_NEEDED", ("json", "nothing_there"))
    with pytest.raises(
        script.EnvironmentNotMadeError, match="nothing_there cannot be imported"
    ):
        script.make_environment(tmp_path, ["good==1#x = 1"])


def test_a_shared_package_that_the_pins_break_is_noted_and_recorded(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "_USUAL", ("json", "nothing_there"))
    python, (note,) = script.make_environment(tmp_path, ["good==1#x = 1"])
    assert note.startswith("nothing_there cannot be imported: ModuleNotFound")
    (found,) = python.parents[1].rglob(script.UNUSABLE)
    assert found.read_text() == "nothing_there\n"
