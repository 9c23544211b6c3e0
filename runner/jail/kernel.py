"""System calls that a jail needs and the standard library lacks.

Each raises OSError. Numbers above 423 are the same on every architecture. See the
manual pages clone(2), mount_setattr(2), pivot_root(2), and fsopen in the kernel's
Documentation/filesystems/mount_api.rst.
"""

import ctypes
import errno
import os
import signal
from typing import Final

# PyDLL keeps the interpreter lock: a child of `clone` goes on in the middle of a call.
_libc: Final = ctypes.PyDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

_OPEN_TREE: Final = 428
_MOVE_MOUNT: Final = 429
_FSOPEN: Final = 430
_FSCONFIG: Final = 431
_FSMOUNT: Final = 432
_FSPICK: Final = 433
_CLONE3: Final = 435
_MOUNT_SETATTR: Final = 442

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWCGROUP: Final = 0x02000000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000
_CLONE_PIDFD: Final = 0x00001000
_CLONE_PARENT: Final = 0x00008000
_CLONE: Final = {"x86_64": 56, "aarch64": 220}

_AT_FDCWD: Final = -100
_AT_EMPTY_PATH: Final = 0x1000
_AT_RECURSIVE: Final = 0x8000
_OPEN_TREE_CLONE: Final = 1
_OPEN_TREE_CLOEXEC: Final = os.O_CLOEXEC
_MOVE_MOUNT_F_EMPTY_PATH: Final = 4
_FSCONFIG_SET_STRING: Final = 1
_FSCONFIG_CMD_CREATE: Final = 6
_FSCONFIG_CMD_RECONFIGURE: Final = 7
_CLOEXEC: Final = 1
_MNT_DETACH: Final = 2

READ_ONLY: Final = 1
NO_SUID: Final = 2
NO_DEVICES: Final = 4
NO_EXEC: Final = 8
# Each access to a file sets its time of access.
STRICT_TIMES: Final = 0x20


class _CloneArguments(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint64)
        for name in (
            "flags",
            "pidfd",
            "child_tid",
            "parent_tid",
            "exit_signal",
            "stack",
            "stack_size",
            "tls",
        )
    ]


class _MountAttributes(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint64)
        for name in ("attr_set", "attr_clr", "propagation", "userns_fd")
    ]


def check(name: str, result: int) -> int:
    """Return the result of the system call, or raise an OSError that names the call."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def syscall(name: str, number: int, *arguments: object) -> int:
    """Make the system call. Integers are passed as longs, bytes as addresses."""
    passed = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return check(name, _libc.syscall(ctypes.c_long(number), *passed))


def clone(flags: int) -> tuple[int, int]:
    """Fork into new namespaces. Return (0, -1) in the child, else its pid and pidfd.

    Python's own fork cannot do this, and its hooks are not run: the caller must have one
    thread, and the child must call `os.fork` before anything that needs the hooks.
    """
    pidfd = ctypes.c_int(-1)
    arguments = _CloneArguments(
        flags=flags | _CLONE_PIDFD,
        pidfd=ctypes.addressof(pidfd),
        exit_signal=signal.SIGCHLD,
    )
    size = ctypes.sizeof(arguments)
    pid = syscall("clone3", _CLONE3, ctypes.byref(arguments), size)
    return (pid, pidfd.value) if pid else (0, -1)


def clone_sibling() -> int:
    """Fork a process with the same parent as this one. Return 0 in it, else its number.

    Python's hooks are run, glibc's are not: the caller must have one thread, or a lock
    that another thread holds would stay locked. Raises OSError.
    """
    number = _CLONE.get(os.uname().machine)
    if number is None:
        raise OSError(
            errno.ENOSYS, "the number of clone is not known for this processor"
        )
    python = ctypes.pythonapi
    python.PyOS_BeforeFork()
    try:
        pid = syscall("clone", number, _CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)
    except OSError:
        python.PyOS_AfterFork_Parent()
        raise
    if pid == 0:
        python.PyOS_AfterFork_Child()
    else:
        python.PyOS_AfterFork_Parent()
    return pid


def hold_tree(path: str) -> int:
    """Return a descriptor of a copy of the mounts at and below `path`."""
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_RECURSIVE
    return syscall("open_tree", _OPEN_TREE, _AT_FDCWD, os.fsencode(path), flags)


def make_mount(kind: str, attributes: int, **options: str) -> int:
    """Return a descriptor of a new file system that is mounted nowhere yet."""
    context = syscall("fsopen", _FSOPEN, kind.encode(), _CLOEXEC)
    try:
        for name, value in options.items():
            _configure(context, _FSCONFIG_SET_STRING, name, value)
        _configure(context, _FSCONFIG_CMD_CREATE)
        return syscall("fsmount", _FSMOUNT, context, _CLOEXEC, attributes)
    finally:
        os.close(context)


def _configure(context: int, command: int, name: str = "", value: str = "") -> None:
    key = name.encode() if name else None
    text = value.encode() if name else None
    label = f"fsconfig {name}".strip()
    syscall(label, _FSCONFIG, context, command, key, text, 0)


def resize(path: str, size: int) -> None:
    """Set the size of the tmpfs that is mounted at `path`, in bytes."""
    context = syscall("fspick", _FSPICK, _AT_FDCWD, os.fsencode(path), _CLOEXEC)
    try:
        _configure(context, _FSCONFIG_SET_STRING, "size", str(size))
        _configure(context, _FSCONFIG_CMD_RECONFIGURE)
    finally:
        os.close(context)


def attach(mount: int, path: str) -> None:
    """Attach the held mount at `path`, and close the descriptor."""
    try:
        syscall(
            "move_mount",
            _MOVE_MOUNT,
            mount,
            b"",
            _AT_FDCWD,
            os.fsencode(path),
            _MOVE_MOUNT_F_EMPTY_PATH,
        )
    finally:
        os.close(mount)


def restrict(mount: int, attributes: int) -> None:
    """Set the attributes on the held mount and all below it, beside those they have."""
    _set_attributes(mount, b"", _AT_EMPTY_PATH | _AT_RECURSIVE, attributes)


def restrict_path(path: str, attributes: int) -> None:
    """Set the attributes on the mount at `path`, but on none below it."""
    _set_attributes(_AT_FDCWD, os.fsencode(path), 0, attributes)


def _set_attributes(folder: int, path: bytes, flags: int, attributes: int) -> None:
    wanted = _MountAttributes(attr_set=attributes)
    syscall(
        "mount_setattr",
        _MOUNT_SETATTR,
        folder,
        path,
        flags,
        ctypes.byref(wanted),
        ctypes.sizeof(wanted),
    )


def change_root(path: str) -> None:
    """Make the mount at `path` the root, and detach the old root."""
    os.chdir(path)
    check("pivot_root", _libc.pivot_root(b".", b"."))
    check("umount2", _libc.umount2(b".", _MNT_DETACH))
    os.chdir("/")


def detach(path: str) -> None:
    """Unmount what is mounted at `path`; files that are open below it stay."""
    check("umount2", _libc.umount2(os.fsencode(path), _MNT_DETACH))


def unshare(flags: int) -> None:
    """Make this process leave the namespaces that it shares, as the flags say."""
    check("unshare", _libc.unshare(ctypes.c_int(flags)))


def set_host_name(name: str) -> None:
    """Set the host's name in this namespace."""
    check("sethostname", _libc.sethostname(name.encode(), len(name)))
