"""A worker refuses a torch that is known to be bad, without importing it."""

import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from portal.environments import unfit_environments, unfitness


@pytest.mark.parametrize("version", ["2.10.0", "2.13.0+cpu", "3.0"])
def test_safe_release_is_accepted(version: str) -> None:
    assert unfitness(version) == ""


@pytest.mark.parametrize("version", ["2.9.1", "1.13", "unknown"])
def test_known_bad_release_is_refused(version: str) -> None:
    assert f"torch {version} is refused" in unfitness(version)


def test_missing_torch_is_refused() -> None:
    assert "torch is not installed" in unfitness("")


def test_own_version_is_read_without_importing_torch() -> None:
    # In a process of its own: other tests may have imported torch into this one.
    code = (
        "import sys; from portal.environments import torch_version; torch_version('');"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_interpreter_that_is_not_there_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    settings.RUNNER_ENVIRONMENTS = {"old": str(tmp_path / "python")}
    (reason,) = unfit_environments()
    assert reason.startswith("environment 'old'")
