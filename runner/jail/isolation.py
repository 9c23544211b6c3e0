"""What encloses a job, as its first process builds it: a jail, or only a folder (L0)."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from runner.jail import landlock, namespaces, path_rules, privileges, rootfs, seccomp
from runner.jail.file_layout import Folder
from runner.jail.landlock import Access
from runner.jail.path_rules import View
from runner.system import linux
from runner.system.file_times import FileTimes
from runner.wire.job_order import Order

_CHUNK: Final = 4 * 1024**2


class Isolation(Protocol):
    """How a job's first process encloses the job, and how the student locks itself in."""

    # The signal by which the first process learns that its parent has ended.
    parent_ended: signal.Signals

    def enter(self) -> None:
        """This process is inside; it keeps the rights that `store` and `seal` need."""

    def store(self, source: int, name: str, folders: Sequence[str]) -> None:
        """The open file's content lies under the name in each of the folders."""

    def make_room(self, total: int) -> None:
        """Files of so many bytes in all will fit."""

    def seal(self) -> None:
        """This process can change nothing any more but its children's lives."""

    def lock(self) -> None:
        """This process, the student's, has no right but the job's, for good."""

    def used_bytes(self) -> tuple[int, int]:
        """Return what the job's folders and its shared memory take up, if known."""

    def homes(self) -> tuple[Path, Path, Path]:
        """Return the working folder, the home and the folder for temporary files."""

    def writable(self) -> Sequence[Path]:
        """Return all places of the job's below which it can make files."""


class Jail:
    """Namespaces, a root of its own, no capabilities, Landlock and seccomp."""

    # If the first process of a namespace dies, the kernel kills the others.
    parent_ended = signal.SIGKILL

    def __init__(self, order: Order, view: View) -> None:
        self.view = View(
            trees=(*view.trees, *order.shape.libraries),
            links=view.links,
            nodes=(*view.nodes, *order.shape.nodes),
        )
        self._times = FileTimes()
        self._uid = order.uid
        # CUDA maps memory as it likes.
        self._is_counted = order.is_grouped or bool(order.shape.gpu)
        self._sizes = rootfs.Sizes(
            disk_bytes=order.shape.disk_bytes, shared_bytes=order.shape.shared_bytes
        )

    def enter(self) -> None:
        if os.getpid() != 1:
            raise OSError("not the first process of its namespace")
        namespaces.leave_cgroup_namespace()
        held = rootfs.hold(
            self.view, {} if self._is_counted else path_rules.UNGROUPED_NODES
        )
        namespaces.become(self._uid)
        rootfs.build(self.view, held, self._sizes)

    def store(self, source: int, name: str, folders: Sequence[str]) -> None:
        for folder in folders:
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as sink:
                offset = 0
                while sent := os.sendfile(sink.fileno(), source, offset, _CHUNK):
                    offset += sent
                self._times.give(sink.fileno())

    def make_room(self, total: int) -> None:
        rootfs.make_room(total, self._sizes)

    def seal(self) -> None:
        self._stores = rootfs.open_stores()
        rootfs.seal()
        linux.forbid_new_privileges()
        privileges.drop_capabilities()
        # The student's process is of the same user, and must not look in here.
        linux.set_dumpable(dumpable=False)

    def lock(self) -> None:
        linux.forbid_new_privileges()
        privileges.drop_capabilities()
        # So that /proc/self is the job's own; its memory holds no secret.
        linux.set_dumpable(dumpable=True)
        landlock.restrict_self(rules(self.view))
        seccomp.filter_self(is_grouped=self._is_counted)

    def used_bytes(self) -> tuple[int, int]:
        return rootfs.used_bytes(self._stores)

    def homes(self) -> tuple[Path, Path, Path]:
        return (
            Path(path_rules.WORK),
            Path(path_rules.HOME),
            Path(path_rules.TEMPORARY[0]),
        )

    def writable(self) -> Sequence[Path]:
        return tuple(map(Path, path_rules.ALL_WRITABLE))


class MadeJail(Jail):
    """A jail that another program has made around this process already."""

    def enter(self) -> None:
        if os.getpid() != 1:
            raise OSError("not the first process of its namespace")

    def make_room(self, total: int) -> None:
        """Do nothing: the sizes were given when the jail was made."""

    def seal(self) -> None:
        """Landlock alone keeps the student from writing to the files."""
        self._stores = rootfs.open_stores()
        linux.set_dumpable(dumpable=False)


def rules(view: View) -> list[tuple[str, Access]]:
    """Return what Landlock allows in a jail with this view."""
    return [
        ("/", landlock.LIST),
        ("/proc", landlock.READ),
        ("/etc", landlock.READ),
        ("/dev/pts", landlock.TERMINAL),
        (path_rules.FILES, landlock.READ),
        *((path, landlock.RUN) for path in view.trees),
        *((path, landlock.DEVICE) for path in view.nodes),
        *((path, landlock.WRITE) for path in path_rules.ALL_WRITABLE),
    ]


class Bare:
    """Level L0: the host's file system, a folder in it, and a user of its own."""

    parent_ended = signal.SIGTERM

    def __init__(self, order: Order) -> None:
        self._order = order

    def enter(self) -> None:
        linux.adopt_orphans()

    def store(self, source: int, name: str, folders: Sequence[str]) -> None:
        """Never asked for: the host fills the folder, which is in its file system."""
        raise NotImplementedError

    def make_room(self, total: int) -> None:
        """Never asked for either."""
        raise NotImplementedError

    def seal(self) -> None:
        """Do nothing: there is nothing to give up, and the host's user to stay."""

    def lock(self) -> None:
        uid = self._order.uid
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            linux.die_with_parent()
        linux.forbid_new_privileges()
        linux.set_dumpable(dumpable=True)

    def used_bytes(self) -> tuple[int, int]:
        return 0, 0

    def homes(self) -> tuple[Path, Path, Path]:
        folder = Path(self._order.folder)
        return folder / "work", folder / "home", folder / "tmp"

    def writable(self) -> Sequence[Path]:
        """Return the job's own folder's parts; what else its user may write to is not its.

        The folder itself belongs to the host.
        """
        folder = Path(self._order.folder)
        return tuple(folder / name for name in (*Folder, "home", "tmp"))
