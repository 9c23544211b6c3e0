"""The check of a GPU, tested without one: what it reports, and when it gives up."""

import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Final

import pytest

from bench.gpu_check import device_runs
from bench.gpu_check.attack_rows import attack_rows
from bench.gpu_check.checked_device import CheckedDevice
from bench.gpu_check.device_runs import (
    CONTEXT,
    KEPT,
    PLAIN,
    RETURN,
    SPARE,
    WARM,
    DeviceRuns,
    Figure,
)
from bench.gpu_check.device_tests import REAL, TestOutcome, run_tests
from bench.gpu_check.gpu_report import GpuReport
from bench.gpu_check.scripted_device import scripted_device

ROOT: Final = Path(__file__).parents[2]
SCRIPT: Final = ROOT / "scripts" / "gpu_check.sh"
THREE: Final = """
import time, pytest
def test_passes(): pass
def test_fails(): assert 1 == 2, "a | b"
@pytest.mark.skip("no device")
def test_is_skipped(): pass
@pytest.mark.gpu
def test_hangs():
    print("hangs")
    time.sleep(60)
"""


def outcome(name: str, ended: str = "passed", file: str = REAL[0]) -> TestOutcome:
    return TestOutcome(test=f"{file}::{name}", outcome=ended, seconds=1.0)


@pytest.fixture
def test_file(tmp_path: Path) -> str:
    path = tmp_path / "test_three.py"
    path.write_text(THREE)
    return str(path)


@pytest.fixture
def checked(tmp_path: Path) -> CheckedDevice:
    for above in (tmp_path, *tmp_path.parents[:2]):
        if above.stat().st_uid == os.geteuid():
            above.chmod(0o755)
    return scripted_device(tmp_path)


# --- Tests and attacks --------------------------------------------------------


def test_each_test_has_its_outcome_and_why_it_did_not_pass(
    test_file: str, tmp_path: Path
) -> None:
    found = run_tests([test_file], "not gpu", seconds=60, folder=tmp_path)
    assert [one.outcome for one in found] == ["passed", "failed", "skipped"]
    assert found[1].words.startswith("AssertionError: a | b")
    assert found[2].words == "Skipped: no device"


def test_tests_that_take_too_long_leave_a_failure(
    test_file: str, tmp_path: Path
) -> None:
    (only,) = run_tests([test_file], "gpu", seconds=3, folder=tmp_path)
    assert (only.outcome, only.words) == ("failed", "stopped after 3 s")


def test_a_file_without_such_tests_is_a_failure(test_file: str, tmp_path: Path) -> None:
    (only,) = run_tests([test_file], "torch", seconds=60, folder=tmp_path)
    assert only.outcome == "failed"


@pytest.mark.parametrize(
    ("endings", "row", "ended"),
    [
        ([], 103, "not run"),
        ([outcome("test_memory_comes_back_after_a_kill")], 103, "held"),
        ([outcome("test_memory_comes_back_after_a_kill", "skipped")], 103, "skipped"),
        (
            [
                outcome("test_an_endless_kernel_ends_with_its_process"),
                outcome(
                    "test_an_index_out_of_bounds_breaks_its_own_process_only", "failed"
                ),
            ],
            105,
            "FAILED",
        ),
        ([outcome("test_row_102_memory_past_the_share", "failed")], 102, "FAILED"),
        (
            [
                outcome(
                    "test_uninitialised_memory_holds_no_data_of_another_job[cuda]",
                )
            ],
            104,
            "held",
        ),
    ],
)
def test_an_attack_ends_as_the_worst_of_its_tests(
    endings: list[TestOutcome], row: int, ended: str
) -> None:
    by_row = {one.row: one.ended for one in attack_rows(endings)}
    assert set(by_row) == set(range(102, 111))
    assert by_row.pop(row) == ended
    assert set(by_row.values()) == {"not run"}


# --- Figures ------------------------------------------------------------------


def test_nothing_is_measured_after_the_deadline(checked: CheckedDevice) -> None:
    runs = DeviceRuns(checked, deadline=time.monotonic())
    assert len(list(runs.measure())) == len({*device_runs._STEPS})
    assert {one.words for one in runs.figures()} == {"no time was left"}


def test_a_measurement_that_fails_does_not_stop_the_others(
    checked: CheckedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_runs: DeviceRuns) -> None:
        raise OSError("no answer")

    def measure(runs: DeviceRuns) -> None:
        runs._add(CONTEXT, 500.0)

    steps = {fail: (WARM, PLAIN), measure: (CONTEXT,)}
    monkeypatch.setattr(device_runs, "_STEPS", steps)
    runs = DeviceRuns(checked, deadline=time.monotonic() + 60)
    list(runs.measure())
    assert runs.figures() == [
        Figure(name=WARM, words="OSError: no answer"),
        Figure(name=PLAIN, words="OSError: no answer"),
        Figure(name=CONTEXT, values=(500.0,), unit="MiB"),
    ]


@pytest.mark.torch
@pytest.mark.long
def test_runs_are_measured_on_a_scripted_device(
    checked: CheckedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_runs, "_REPEATS", 1)
    runs = DeviceRuns(checked, deadline=time.monotonic() + 100)
    runs.warm()
    runs.spare()
    runs.giving_back()
    names = (WARM, PLAIN, SPARE, KEPT, RETURN)
    assert {name: len(runs.found[name]) for name in names} == dict.fromkeys(names, 1)
    assert runs.found[KEPT] == [0]


# --- The report ---------------------------------------------------------------

FIGURES: Final = (
    Figure(name=CONTEXT, values=(500.0, 900.0), unit="MiB"),
    Figure(name=KEPT, words="OSError: no | answer", unit="MiB"),
    Figure(name=RETURN, values=(0.25,)),
)


def test_the_report_says_which_settings_are_enough(tmp_path: Path) -> None:
    report = GpuReport(facts={"device": "Fake"}, is_scripted=False, figures=FIGURES)
    report.outcomes = [outcome("test_a"), outcome("test_b", "skipped")]
    report.write(tmp_path)
    text = (tmp_path / "gpu-check.md").read_text()
    assert "Tests: 1 passed, 0 failed, 1 skipped." in text
    assert "| context_bytes | 768 MiB | 900 MiB | NO |" in text
    assert "| tolerance_bytes | 256 MiB | not measured |  |" in text
    assert "| return_seconds | 10.00 s | 250 ms | yes |" in text
    assert "no \\| answer" in text
    data = json.loads((tmp_path / "gpu-check.json").read_text())
    assert (data["passed"], data["scripted"]) == (False, False)
    assert data["figures"][0]["values"] == [500.0, 900.0]


def test_a_dry_run_says_that_its_figures_mean_nothing(tmp_path: Path) -> None:
    GpuReport(facts={}, is_scripted=True).write(tmp_path)
    text = (tmp_path / "gpu-check.md").read_text()
    assert text.startswith("**A dry run on a scripted device, without a GPU.**")


@pytest.mark.parametrize(
    ("ended", "figure", "passed"),
    [
        ("passed", FIGURES[0], True),
        ("skipped", FIGURES[0], False),
        ("passed", FIGURES[1], False),
    ],
)
def test_a_check_passes_if_every_test_ran_and_all_was_measured(
    ended: str,
    figure: Figure,
    passed: bool,  # noqa: FBT001 - a column of the table
) -> None:
    report = GpuReport(facts={}, is_scripted=False, figures=[figure])
    report.outcomes = [outcome("test_a", ended)]
    assert report.passed is passed


# --- The script ---------------------------------------------------------------


def test_the_script_says_that_wheels_are_missing(tmp_path: Path) -> None:
    environment = {**os.environ, "WHEELS": str(tmp_path), "OUT": str(tmp_path / "out")}
    ended = subprocess.run(
        ["sh", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "run make gpu-wheels first" in ended.stderr


def test_the_script_installs_what_the_wheels_are_fetched_for() -> None:
    listed = re.search(r'^NEEDED="(.*)"$', SCRIPT.read_text(), re.MULTILINE)
    assert listed is not None
    folder = ROOT / "requirements"
    asked = re.findall(
        r"^[a-z-]+$", (folder / "gpu-check.in").read_text(), re.MULTILINE
    )
    assert {"pip", *listed[1].split()} == set(asked)
    locked = re.findall(
        r"^([a-z-]+)==", (folder / "gpu-check.txt").read_text(), re.MULTILINE
    )
    assert set(asked) <= set(locked)
