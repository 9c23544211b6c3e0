"""The portal's own folders are made when Django starts, for its user only."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run_python(source: str, var: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "SECRET_KEY": "x" * 50,
        "SOFTMARK_VAR": str(var),
    }
    subprocess.run(
        [sys.executable, "-c", source],
        cwd=ROOT,
        env=environment,
        check=True,
        timeout=60,
    )


def test_reading_the_settings_makes_no_folder(tmp_path: Path) -> None:
    run_python("import portal.settings", tmp_path / "var")
    assert not (tmp_path / "var").exists()


def test_the_portal_makes_folders_that_nobody_else_reads(tmp_path: Path) -> None:
    run_python("import django; django.setup()", tmp_path / "var")
    folders = [tmp_path / "var", tmp_path / "var/run", tmp_path / "var/uploads"]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 3
