"""New namespaces for a job, and the one user that exists in them."""

import os
import signal
from pathlib import Path
from typing import Final

from runner.jail import kernel
from runner.system import linux

# The control group's namespace is left later, once the job is in its own group.
_NEW: Final = (
    kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
)


def clone_init(uid: int | None) -> tuple[int, int]:
    """Fork the first process of new namespaces. Return (0, -1) in it, else pid, pidfd.

    `uid` is the only user and group that the namespaces map, None for our own. The
    child must wait until it is told that this is done. Needs a process with one thread.
    """
    pid, pidfd = kernel.clone(_NEW)
    if pid == 0:
        return 0, -1
    try:
        _map_ids(pid, uid)
    except OSError:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        os.close(pidfd)
        raise
    return pid, pidfd


def _map_ids(pid: int, uid: int | None) -> None:
    about = Path("/proc", str(pid))
    if uid is None:
        _map(about, os.geteuid(), os.getegid(), keeps_groups=True)
    else:
        _map(about, uid, uid, keeps_groups=False)


def own_mounts() -> None:
    """Let this process mount, in new namespaces. It needs no right on the host for this.

    Its user and group keep their numbers. Only this process and its descendants see what
    is mounted from now on. Needs a process with one thread.
    """
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS)
    _map(Path("/proc/self"), user, group, keeps_groups=True)
    linux.keep_mounts_private()


def _map(about: Path, user: int, group: int, *, keeps_groups: bool) -> None:
    if keeps_groups:
        # A process without rights outside can map only itself, and must not set groups.
        (about / "setgroups").write_text("deny")
    (about / "uid_map").write_text(f"{user} {user} 1")
    (about / "gid_map").write_text(f"{group} {group} 1")


def become(uid: int | None) -> None:
    """Make this process run as the job's user, with every right inside its namespaces.

    Those rights do not apply to what belongs to the host.
    """
    if uid is None:
        return
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # A change of user clears both.
    linux.die_with_parent(signal.SIGKILL)
    linux.set_dumpable(dumpable=False)


def leave_cgroup_namespace() -> None:
    """Make the job's own control group look like the root of all groups."""
    kernel.unshare(kernel.CLONE_NEWCGROUP)
