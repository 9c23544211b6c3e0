"""The file system of a jail: an empty root in memory with parts of the host, read only.

It is made in two steps, since between them the process stops being the host's user.
First the parts of the host are held by descriptors, so that folders above them may be
closed to the job's user. Then the new root is built from what is held.
"""

import contextlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runner.jail import kernel, path_rules, privileges
from runner.jail.path_rules import View
from runner.system import linux

_BASE: Final = "/tmp"  # noqa: S108 - only something to mount on, in our namespace
_QUIET: Final = kernel.NO_SUID | kernel.NO_DEVICES
_SHOWN: Final = kernel.READ_ONLY | _QUIET
_PROC: Final = kernel.READ_ONLY | _QUIET | kernel.NO_EXEC
# SECURITY: "read only" applies to the node and not to the device. The node's times are
# shared by the machine, so a job could leave a message in them for another job, or for
# itself.
NODE: Final = kernel.READ_ONLY | kernel.NO_SUID | kernel.NO_EXEC
# Room for files beside the notebook: for the folder of each, and the end of its last page.
_SLACK: Final = 1024**2
_HOST_NAME: Final = "softmark"


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many bytes the job may keep in its folders and in shared memory."""

    disk_bytes: int
    shared_bytes: int


Held = Mapping[str, int]


def hold(view: View, instead: Mapping[str, str]) -> Held:
    """Return descriptors of the mounts that the view shows, by their places.

    `instead` maps device files to others that are shown in their places.
    """
    linux.keep_mounts_private()
    held = {}
    for path in view.trees:
        held[path] = kernel.hold_tree(path)
        kernel.restrict(held[path], _SHOWN)
    for path in view.nodes:
        held[path] = kernel.hold_tree(instead.get(path, path))
        kernel.restrict(held[path], NODE)
    return held


def build(view: View, held: Held, sizes: Sizes) -> None:
    """Give this process the new root, so that it sees nothing else of the host.

    Call it only as the job's user. The root stays writable until `seal`.
    """
    root = kernel.make_mount(
        "tmpfs", _QUIET, mode="755", size=str(path_rules.ROOT_BYTES)
    )
    # The kernel allows a new /proc only to a process that still sees the old one.
    proc = kernel.make_mount("proc", _PROC)
    kernel.attach(root, _BASE)
    kernel.change_root(_BASE)
    for place, target in view.links:
        Path(place).symlink_to(target)
    _make_store(sizes)
    _make_dev(sizes)
    # Last, since the host may have its Python below one of the job's own folders.
    for place, mount in held.items():
        _make_place(place, mount)
        kernel.attach(mount, place)
    _attach_new(proc, "/proc")
    _mask()
    Path(path_rules.NOTHING).mkdir(mode=0o555, parents=True)
    _write_etc()
    kernel.set_host_name(_HOST_NAME)


def _make_place(place: str, mount: int) -> None:
    """Make a folder or a file at the place, which the held mount can cover."""
    path = Path(place)
    if stat.S_ISDIR(os.fstat(mount).st_mode):
        path.mkdir(parents=True, exist_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def _attach_new(mount: int, place: str) -> None:
    Path(place).mkdir(parents=True, exist_ok=True)
    kernel.attach(mount, place)


def _make_dev(sizes: Sizes) -> None:
    terminals = kernel.make_mount(
        "devpts",
        kernel.NO_SUID | kernel.NO_EXEC,
        mode="620",
        ptmxmode="666",
        max=str(path_rules.TERMINALS),
    )
    _attach_new(terminals, "/dev/pts")
    shared = kernel.make_mount(
        "tmpfs",
        _QUIET | kernel.NO_EXEC | kernel.STRICT_TIMES,
        mode="755",
        size=str(sizes.shared_bytes),
        nr_inodes=str(path_rules.SHARED_INODES),
    )
    _attach_new(shared, path_rules.SHARED_STORE)
    part = Path(path_rules.SHARED_STORE, path_rules.SHARED_PART)
    part.mkdir()
    part.chmod(0o1777)
    _attach_new(kernel.hold_tree(str(part)), path_rules.SHARED_MEMORY)
    for place, target in path_rules.DEVICE_LINKS.items():
        Path(place).symlink_to(target)


def _mask() -> None:
    """Cover what /proc tells of the machine, so that it reads as empty."""
    empty = ""
    for place in path_rules.MASKED:
        if not os.path.exists(place):  # noqa: PTH110 - twenty of these a job
            continue
        if not os.path.isdir(place):  # noqa: PTH112 - same
            with contextlib.suppress(OSError):
                kernel.attach(kernel.hold_tree("/dev/null"), place)
        elif empty:
            kernel.attach(kernel.hold_tree(empty), place)
        else:
            empty = place
            folder = kernel.make_mount("tmpfs", _SHOWN, mode="555", size="4k")
            kernel.attach(folder, place)


def _make_store(sizes: Sizes) -> None:
    """Make the writable folders, all in one tmpfs, and FILES and STATES in others."""
    store = kernel.make_mount(
        "tmpfs",
        _QUIET | kernel.STRICT_TIMES,
        mode="755",
        size=str(sizes.disk_bytes + _SLACK),
        nr_inodes=str(path_rules.INODES),
    )
    _attach_new(store, path_rules.STORE)
    for place in path_rules.WRITABLE:
        part = Path(path_rules.STORE, path_rules.in_store(place))
        part.mkdir(mode=0o700)
        _attach_new(kernel.hold_tree(str(part)), place)
    files = kernel.make_mount("tmpfs", _QUIET, mode="755", size=str(_SLACK))
    _attach_new(files, path_rules.FILES)
    states = kernel.make_mount(
        "tmpfs",
        _QUIET | kernel.NO_EXEC,
        mode="700",
        size=str(path_rules.states_bytes(sizes.disk_bytes)),
        nr_inodes=str(path_rules.INODES),
    )
    _attach_new(states, path_rules.STATES)


def _write_etc() -> None:
    user, group = os.geteuid(), os.getegid()
    etc = Path("/etc")
    etc.mkdir(exist_ok=True)
    (etc / "passwd").write_text(
        f"student:x:{user}:{group}::{path_rules.HOME}:/bin/sh\n"
        "nobody:x:65534:65534::/nonexistent:/bin/false\n"
    )
    (etc / "group").write_text(f"student:x:{group}:\nnogroup:x:65534:\n")
    (etc / "hosts").write_text(f"127.0.0.1 localhost {_HOST_NAME}\n")
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")


def make_room(total: int, sizes: Sizes) -> None:
    """Make room for files of `total` bytes twice: beside the notebook, and in FILES."""
    kernel.resize(path_rules.WORK, room(total, sizes))
    kernel.resize(path_rules.FILES, total + _SLACK)


def room(total: int, sizes: Sizes) -> int:
    """Return the size of the job's folders with given files of `total` bytes."""
    return sizes.disk_bytes + total + _SLACK


def enlarge(size: int) -> None:
    """Set the size of the job's folders when the jail is sealed."""
    with privileges.with_mount_right():
        kernel.resize(path_rules.WORK, size)


def seal() -> None:
    """Make the whole root read only, except for the job's own folders."""
    kernel.restrict_path(path_rules.FILES, kernel.READ_ONLY)
    kernel.restrict_path("/", kernel.READ_ONLY)


def take_away(place: str) -> Path:
    """Unmount what is mounted at the place, and return a path to it for this process.

    No path of another process leads there: the mount has no place, and the descriptor
    that holds it is this process's own. Call it before `seal`.
    """
    held = os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    kernel.detach(place)
    Path(place).rmdir()
    return Path(f"/proc/self/fd/{held}")


def open_stores() -> tuple[int, int]:
    """Return descriptors of the job's folders and of its shared memory.

    With these they can be measured even if the job closes its folders to everybody.
    """
    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    return os.open(path_rules.WORK, flags), os.open(path_rules.SHARED_MEMORY, flags)


def used_bytes(stores: tuple[int, int]) -> tuple[int, int]:
    """Return the bytes that the job's folders and its shared memory take up.

    Folders in which no more files can be made count as full.
    """
    store, shared = map(os.fstatvfs, stores)
    used = (store.f_blocks - store.f_bfree) * store.f_frsize
    if store.f_ffree == 0:
        used = store.f_blocks * store.f_frsize
    return used, (shared.f_blocks - shared.f_bfree) * shared.f_frsize
