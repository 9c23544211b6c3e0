"""A worker refuses a torch that is known to be bad, without importing it."""

import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from accounts.actors import SYSTEM
from grading.models import RunnerEnvironment
from grading.services import record_environments
from grading.services.environment_records import installed_modules
from grading.worker.environment_checks import (
    found_environments,
    unfit_environments,
    unfit_reason,
)
from grading.worker.environments import FoundEnvironment
from tests.runner.installations import make_installation


@pytest.mark.parametrize("version", ["2.10.0", "2.13.0+cpu", "3.0"])
def test_safe_release_is_accepted(version: str) -> None:
    assert unfit_reason(version) == ""


@pytest.mark.parametrize("version", ["2.9.1", "1.13", "unknown"])
def test_known_bad_release_is_refused(version: str) -> None:
    assert f"torch {version} is refused" in unfit_reason(version)


def test_missing_torch_is_refused() -> None:
    assert "torch is not installed" in unfit_reason("")


def test_own_version_is_read_without_importing_torch() -> None:
    # In a process of its own: other tests may have imported torch into this one.
    code = (
        "import sys; from grading.worker.environment_checks import torch_version; torch_version('');"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_interpreter_that_is_not_there_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    settings.RUNNER_ENVIRONMENTS = {"old": str(tmp_path / "python")}
    (reason,) = unfit_environments()
    assert reason.startswith("environment 'old'")


def test_own_packages_take_precedence_over_shared_ones(
    settings: Settings, tmp_path: Path
) -> None:
    python = make_installation(tmp_path / "old")
    (site,) = (tmp_path / "old" / "lib").glob("*/site-packages")
    (site / "numpy-1.0.dist-info").mkdir()
    (site / "numpy-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: numpy\nVersion: 1.0\n"
    )
    settings.RUNNER_ENVIRONMENTS = {"old": python, "gone": str(tmp_path / "none")}
    (found,) = found_environments()
    assert (found.name, found.packages["numpy"]) == ("old", "1.0")
    assert found.packages["torch"]


@pytest.mark.django_db
def test_packages_of_a_worker_are_recorded_once_for_each_environment(
    settings: Settings,
) -> None:
    settings.RUNNER_ENVIRONMENTS = {"default": ""}
    for level in ("L1", "L2"):
        record_environments(actor=SYSTEM, found=found_environments(), level=level)
    recorded = RunnerEnvironment.objects.get()
    assert (recorded.name, recorded.level) == ("default", "L2")
    assert recorded.packages["numpy"].startswith("2.")
    assert {"json", "sys", "numpy", "sklearn", "yaml"} <= set(recorded.modules)


@pytest.mark.django_db
def test_importable_modules_are_read_here_until_a_worker_has_recorded_them(
    settings: Settings,
) -> None:
    settings.RUNNER_ENVIRONMENTS = {"default": "", "gone": "/nowhere/python"}
    assert "sklearn" in installed_modules()["default"]
    assert "gone" not in installed_modules()
    told = FoundEnvironment(name="default", python="3", packages={}, modules=("jax",))
    record_environments(actor=SYSTEM, found=[told], level="L2")
    assert installed_modules() == {"default": {"jax"}}


def test_an_unusable_module_counts_as_missing(
    settings: Settings, tmp_path: Path
) -> None:
    python = make_installation(tmp_path / "old")
    (site,) = (tmp_path / "old" / "lib").glob("*/site-packages")
    (site / "unusable-modules.txt").write_text("sklearn\n")
    settings.RUNNER_ENVIRONMENTS = {"old": python}
    (found,) = found_environments()
    assert "sklearn" not in found.modules
    assert "scipy" in found.modules
