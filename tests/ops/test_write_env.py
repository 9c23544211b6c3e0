"""`make run` writes a secret once, for this portal alone."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "write_env.py"


def write(path: Path) -> None:
    subprocess.run([sys.executable, str(SCRIPT), str(path)], check=True)


def test_secret_is_long_and_for_the_owner_alone(tmp_path: Path) -> None:
    write(tmp_path / ".env")
    secret = (tmp_path / ".env").read_text().partition("SECRET_KEY=")[2].strip()
    assert len(secret) > 50
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SECRET_KEY=mine\n")
    write(tmp_path / ".env")
    assert (tmp_path / ".env").read_text() == "SECRET_KEY=mine\n"
