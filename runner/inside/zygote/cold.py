"""The first process of a cold job, which imports everything itself in its jail."""

import os
import signal
import socket

from runner.inside.student import cell_loop
from runner.inside.zygote import preload
from runner.inside.zygote.init import run_isolated
from runner.inside.zygote.main import versions
from runner.jail.isolation import ExistingJail
from runner.jail.path_rules import host_view
from runner.wire.frames import Channel
from runner.wire.job_order import DESCRIPTORS, Order


def main(order: str, host: str, others: str) -> None:
    """Import, tell the host that this is done, and run the job."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wanted = Order.from_json(order)
    fds = dict(zip(DESCRIPTORS[1:], map(int, others.split(",")), strict=True))
    for fd in fds.values():
        os.set_inheritable(fd, False)  # noqa: FBT003 - of the standard library
    channel = Channel(socket.socket(fileno=int(host)))
    # Only one notebook will run here, so a rehearsal would not pay.
    preload.import_all()
    cell_loop.prepare()
    channel.send({"t": "ready", "versions": dict(versions())})
    run_isolated(wanted, fds, ExistingJail(wanted, host_view()), channel)
