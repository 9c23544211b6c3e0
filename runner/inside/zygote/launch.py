"""The start of a zygote: tie its life to its parent's, then preload."""

import os
import signal
import socket
import sys
from collections.abc import Mapping

from runner.system import linux
from runner.wire.frames import Channel


def launch(
    *, root: str, control: int, parent: int, work_dir: str, folders: Mapping[str, str]
) -> None:
    """Run a zygote for the process `parent`, with the control socket `control`.

    `folders` are the variables that name the zygote's own folder.
    """
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.environ.update(folders)
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
    # Notebooks must not see the folder that this package is in.
    sys.path.remove(root)
    main(channel, work_dir)
