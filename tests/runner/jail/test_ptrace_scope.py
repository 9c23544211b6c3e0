"""A host whose kernel keeps processes from holding others is told what to do."""

import json
from pathlib import Path

import pytest

from runner.jail import trial


@pytest.mark.parametrize(
    ("scope", "advice"),
    [("2", "run sysctl --system as root"), ("3", "restart the host")],
)
def test_the_trial_says_what_to_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    scope: str,
    advice: str,
) -> None:
    file = tmp_path / "ptrace_scope"
    file.write_text(f"{scope}\n")
    monkeypatch.setattr(trial, "_SCOPE", str(file))
    trial.main()
    words = json.loads(capsys.readouterr().out)["missing"]
    assert f"kernel.yama.ptrace_scope is {scope}" in words
    assert "kernel.yama.ptrace_scope = 1 into a file in /etc/sysctl.d" in words
    assert words.endswith(advice)


def test_other_settings_are_no_reason_to_refuse() -> None:
    assert not trial.ptrace_refusal(0) + trial.ptrace_refusal(1)
