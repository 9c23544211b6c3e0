"""Rows 62 and 66: weights whose harm shows only when a notebook loads them."""

from typing import Final

from runner.protocol.jobs import Limits
from tests.runner.corpus.attack import CHECK, HONEST, MIB, Attack
from tests.runner.corpus.verdicts import limit, student_error

# Room for torch's own libraries in the job's memory.
ROOM: Final = Limits(
    memory_bytes=1024 * MIB, cell_seconds=10, question_seconds=5, run_seconds=30
)
# Four bytes on disk, which a stride of 0 shows ten thousand million times.
VIEW: Final = """
import torch
torch.save({"w": torch.zeros(1).expand(10**10)}, "net.pt")
say("bytes on disk are few", str(os.path.getsize("net.pt") < 10_000))
weights = torch.load("net.pt", weights_only=True)
say("numbers in it", str(weights["w"].numel()))
whole = weights["w"].contiguous()
"""
MISSING: Final = """
import torch
torch.save({"weight": torch.zeros(2, 2)}, "net.pt")
say("keys", " ".join(torch.load("net.pt", weights_only=True)))
torch.nn.Linear(2, 2).load_state_dict(torch.load("net.pt", weights_only=True))
"""
META: Final = """
import torch
torch.save({"w": torch.zeros(2, device="meta")}, "net.pt")
weights = torch.load("net.pt", weights_only=True)
say("device", weights["w"].device.type)
answer = weights["w"][0].item()
"""
NOT_A_NUMBER: Final = """
import torch
torch.save({"w": torch.full((2,), float("nan"))}, "net.pt")
answer = torch.load("net.pt", weights_only=True)["w"][0].item()
say("equal to itself", str(answer == answer))
"""
# A control that saves and loads honest weights.
LOAD: Final = """
import torch
torch.save({"w": torch.tensor([42])}, "net.pt")
answer = torch.load("net.pt", weights_only=True)["w"].item()
"""
LOADS: Final = (LOAD, CHECK)

WEIGHTS: Final = (
    Attack(
        row=62,
        name="view-of-forty-gigabytes",
        cells=(*HONEST, VIEW),
        expect=limit("memory"),
        report={"bytes on disk are few": "True", "numbers in it": str(10**10)},
        limits=ROOM,
        control=LOADS,
    ),
    Attack(
        row=66,
        name="missing-keys",
        cells=(*HONEST, MISSING),
        expect=student_error("cells_failed", ename="RuntimeError"),
        report={"keys": "weight"},
        control=LOADS,
    ),
    Attack(
        row=66,
        name="tensors-without-content",
        cells=(META, CHECK),
        expect=student_error("cells_failed", ename="RuntimeError"),
        scores={"q1": [0.0]},
        report={"device": "meta"},
        control=LOADS,
    ),
    Attack(
        row=66,
        name="not-a-number",
        cells=(NOT_A_NUMBER, CHECK),
        scores={"q1": [0.0]},
        report={"equal to itself": "False"},
        control=LOADS,
    ),
)
