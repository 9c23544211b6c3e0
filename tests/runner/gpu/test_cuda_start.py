"""CUDA starts once, after the fork, on the one device, and as the job's order says.

torch's part is a stand-in that records calls; test_gpu_real.py uses the real one.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest
import torch

from runner.gpu.cuda_order import CudaOrder, CudaReport
from runner.inside.student import cuda

GIB = 1024**3
UUID = "GPU-0c5d"
ORDER = CudaOrder(uuid=UUID, memory_bytes=20 * GIB, seed=7)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[mock.Mock]:
    """Replace the parts that need a device, and give their calls in order."""
    calls = mock.Mock()
    calls.get_device_properties.return_value = SimpleNamespace(
        name="H", major=9, minor=0, total_memory=80 * GIB, uuid="0c5d"
    )
    for name in (
        "init",
        "get_device_properties",
        "set_per_process_memory_fraction",
        "reset_peak_memory_stats",
        "manual_seed_all",
    ):
        monkeypatch.setattr(torch.cuda, name, getattr(calls, name))
    monkeypatch.setattr(cuda, "_load_libraries", calls.load)
    monkeypatch.setattr(cuda, "_driver", lambda: "13.0")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    with torch.random.fork_rng(devices=[]):
        yield calls
    os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)


def names(calls: mock.Mock) -> list[str]:
    return [call[0] for call in calls.mock_calls]


def test_the_device_is_chosen_before_cuda_starts(calls: mock.Mock) -> None:
    calls.init.side_effect = lambda: calls.seen(os.environ["CUDA_VISIBLE_DEVICES"])
    cuda.start_for_job(ORDER)
    assert names(calls)[:2] == ["init", "seen"]
    calls.seen.assert_called_once_with(UUID)


def test_torch_is_limited_to_the_declared_memory(calls: mock.Mock) -> None:
    cuda.start_for_job(ORDER)
    calls.set_per_process_memory_fraction.assert_called_once_with(0.25)
    assert names(calls).index("load") < names(calls).index(
        "set_per_process_memory_fraction"
    )


def test_a_spare_process_draws_the_same_numbers(calls: mock.Mock) -> None:
    cuda.start_for_job(ORDER)
    fresh = torch.rand(3)
    cuda.start(UUID)
    torch.rand(100)
    cuda.apply_order(ORDER)
    assert torch.equal(torch.rand(3), fresh)
    assert calls.manual_seed_all.call_args_list == [mock.call(7)] * 2  # called by torch


def test_the_report_names_the_device_and_survives_the_channel(calls: mock.Mock) -> None:
    report = cuda.start_for_job(ORDER)
    assert (report.name, report.capability, report.driver) == ("H", "9.0", "13.0")
    assert CudaReport.from_frame(report.to_frame()) == report
    assert CudaOrder.from_frame(ORDER.to_frame()) == ORDER
    assert set(report.versions()) == {"cuda", "cudnn", "cuda driver"}


@pytest.mark.parametrize(
    "frame", [{}, {"name": 1}, {"name": "H", "total_bytes": True}, {"name": None}]
)
def test_an_invalid_report_is_refused(frame: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a report"):
        CudaReport.from_frame(frame)


def test_a_device_other_than_the_ordered_one_is_refused(calls: mock.Mock) -> None:
    calls.get_device_properties.return_value.uuid = "ffff"
    with pytest.raises(cuda.CudaUnwellError, match="ffff"):
        cuda.start(UUID)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_device_starting_cuda_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    with pytest.raises(cuda.CudaUnwellError):
        cuda.start(UUID)


def test_an_open_device_file_of_the_driver_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert cuda.is_untouched()
    monkeypatch.setattr(cuda, "_NODES", "/dev/null")
    with Path("/dev/null").open():
        assert not cuda.is_untouched()
