"""Become another program that dies with its parent: `launch.py [--nice=N] PPID COMMAND…`.

It is run as a script, by path, so that it starts in milliseconds and imports nothing of
ours. The kernel sends the death signal when the parent *thread* ends, so the parent
must start it from a thread that lives as long as the process. The signal survives exec.
"""

import contextlib
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
LAUNCHER = __file__
NICE = "--nice="


def die_with_parent(parent: int) -> None:
    """Make the kernel kill this process when `parent` dies, even by SIGKILL.

    If the parent is already gone, this process ends at once: the kernel sends no signal
    for a death before the request.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os._exit(1)


def give_way(niceness: int) -> None:
    """Lower this process's share of a busy processor, and that of its session.

    runner.system.shares says why both; this script imports nothing of ours.
    """
    os.nice(niceness)
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w") as group:  # noqa: PTH123
        group.write(str(niceness))


def main(arguments: list[str]) -> None:
    """Replace this process by the command, which dies with the parent."""
    if arguments[0].startswith(NICE):
        give_way(int(arguments.pop(0).removeprefix(NICE)))
    die_with_parent(int(arguments[0]))
    # The supervisor waits for signals by blocking them, and a signal mask survives
    # exec.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    command = arguments[1:]
    try:
        os.execvp(command[0], command)  # noqa: S606  (this is what it is for)
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error.strerror}\n")
        os._exit(127)


if __name__ == "__main__":
    main(sys.argv[1:])
