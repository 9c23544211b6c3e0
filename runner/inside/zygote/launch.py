"""The first thing a zygote runs: tie its life to its maker's, then warm up."""

import os
import signal
import socket
import sys

from runner.system import linux
from runner.wire.frames import Channel


def launch(root: str, control: int, parent: int, work_dir: str) -> None:
    """Be a zygote of the process `parent`, obeying the socket `control`, to the end."""
    linux.die_with_parent()
    if os.getppid() != parent:
        return
    linux.adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel(socket.socket(fileno=control))
    try:
        from runner.inside.zygote.main import main  # noqa: PLC0415 - what may fail, in words
    except ImportError as error:
        channel.send({"t": "failed", "reason": f"cannot import {error.name}"})
        return
    # Notebooks do not see the folder that this package is in.
    sys.path.remove(root)
    main(channel, work_dir)
