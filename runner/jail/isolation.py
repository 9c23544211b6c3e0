"""The isolation of a job, which its first process builds: a jail, or a folder (L0)."""

import contextlib
import errno
import os
import secrets
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from runner.jail import (
    landlock,
    namespaces,
    open_files,
    path_rules,
    privileges,
    rootfs,
    seccomp,
)
from runner.jail.file_layout import Folder
from runner.jail.folder_states import FolderStates, Layout, StateFolder
from runner.jail.held_processes import HeldProcesses
from runner.jail.landlock import Access
from runner.jail.path_rules import View
from runner.system import linux
from runner.system.file_times import FileTimes
from runner.wire.job_order import Order, Role

_CHUNK: Final = 4 * 1024**2
_NO_MOUNTS: Final = (
    "bubblewrap's jail does not let its first process make namespaces (allow user "
    "namespaces inside those of bubblewrap, or use RUNNER_BACKEND=namespaces)"
)
_WORK_AT_HOME: Final = path_rules.WORK.removeprefix(f"{path_rules.HOME}/") + "/"


class Isolation(Protocol):
    """How a job's first process isolates the job, and the student's process itself."""

    # The signal by which the first process learns that its parent has ended.
    parent_ended: signal.Signals

    def enter(self) -> None:
        """Move this process inside. It keeps the rights that `store` and `seal` need."""

    def store(self, source: int, name: str, folders: Sequence[str]) -> None:
        """Store the open file's content under the name in each of the folders."""

    def make_room(self, total: int) -> None:
        """Make room for files of so many bytes in all."""

    def seal(self) -> None:
        """Give up every right of this process, except the right to end its children."""

    def save_folders(self) -> int | None:
        """Save the state of all folders. Return its number, None if it is not saved."""

    def keep_folders(self) -> int:
        """Keep all folders as the last cell left them, so that they can be restored.

        Return the number of the error, or 0 if they are kept.
        """

    def restore_folders(self, number: int | None) -> int:
        """Restore all places that the job can write to, to the state of this number.

        None stands for the state that `keep_folders` has kept. Return the number of the
        error, or 0 if they are exactly as they were.
        """

    def hold_process(self, pid: int) -> bool:
        """Keep the process from running, and from being found by others of the job.

        Return false if that failed: then it must be ended.
        """

    def release_process(self, pid: int) -> bool:
        """Let a held process run and be found again. Return whether it can be."""

    def lock(self) -> None:
        """Reduce this process, the student's, to the rights of the job, for good."""

    def used_bytes(self) -> tuple[int, int]:
        """Return the bytes in the job's folders and its shared memory, 0 if unknown."""

    def homes(self) -> tuple[Path, Path, Path]:
        """Return the working folder, the home and the folder for temporary files."""

    def writable(self) -> Sequence[Path]:
        """Return all places of the job below which it can make files."""


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
        self._states: FolderStates | None = None
        self._held = HeldProcesses()
        self._is_grader = order.shape.role is Role.GRADER
        self._uid = order.uid
        # CUDA must be free to map memory as it likes, so it is not restricted here.
        self._has_device = bool(order.shape.gpu)
        self._is_counted = order.is_grouped or self._has_device
        self._sizes = rootfs.Sizes(
            disk_bytes=order.shape.disk_bytes, shared_bytes=order.shape.shared_bytes
        )
        # The size of the job's folders, and the bytes in it that lie outside of them.
        self._room = rootfs.room(0, self._sizes)
        self._outside = 0

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
                self._times.set_next(sink.fileno())

    def make_room(self, total: int) -> None:
        rootfs.make_room(total, self._sizes)
        self._room = rootfs.room(total, self._sizes)

    def seal(self) -> None:
        self._stores = rootfs.open_stores()
        store = rootfs.take_away(path_rules.STORE)
        shared = rootfs.take_away(path_rules.SHARED_STORE)
        folders = [
            _folder_of(place, store / path_rules.in_store(place), store)
            for place in path_rules.WRITABLE
        ]
        folders.append(
            _folder_of(
                path_rules.SHARED_MEMORY, shared / path_rules.SHARED_PART, shared
            )
        )
        self._begin_states(folders, rootfs.take_away(path_rules.STATES), is_own=True)
        self._give_up_rights()

    def _give_up_rights(self) -> None:
        rootfs.seal()
        linux.forbid_new_privileges()
        # SECURITY: the right to resize the job's folders, see `restore_folders`, and to
        # cover processes that it holds. It concerns this process's own namespaces. No
        # process of the job can reach this process, and each that is forked from it gives
        # the right up before it runs the job's code.
        privileges.keep_mount_right()
        # The student's process has the same user, and must not look into this one.
        linux.set_dumpable(dumpable=False)

    def _begin_states(
        self, folders: Sequence[StateFolder], store: Path, *, is_own: bool
    ) -> None:
        if self._is_grader:
            return
        layout = Layout(
            folders=folders,
            store=store,
            is_own=is_own,
            processes=open_files.other_processes,
        )
        with contextlib.suppress(OSError):  # then no state is saved
            self._states = FolderStates(layout)

    def save_folders(self) -> int | None:
        if self._states is not None:
            with contextlib.suppress(OSError):
                return self._states.save()
        return None

    def keep_folders(self) -> int:
        return 0 if self._states is None else _number_of(self._states.keep_last)

    def restore_folders(self, number: int | None) -> int:
        states = self._states
        if states is None:
            return 0
        self._enlarge(self._room)  # there is room for a state, whatever lies aside
        if number is None:
            error = _number_of(states.restore_last)
        else:
            error = _number_of(lambda: states.restore(number))
        self._outside = self._bytes_outside(states)
        self._enlarge(self._outside)
        return error

    def _bytes_outside(self, states: FolderStates) -> int:
        """Return the bytes in the job's store that belong to other states."""
        used, _ = rootfs.used_bytes(self._stores)
        own = states.restored_bytes
        if own is None:
            return 0
        device = os.fstat(self._stores[0]).st_dev
        return min(self._room, max(0, used - own[device]))

    def _enlarge(self, more: int) -> None:
        """Give the job's folders more room than at first, at most as much again."""
        with contextlib.suppress(OSError):  # more is in use
            rootfs.enlarge(self._room + more)

    def hold_process(self, pid: int) -> bool:
        return self._held.hold(pid)

    def release_process(self, pid: int) -> bool:
        return self._held.release(pid)

    def lock(self) -> None:
        linux.forbid_new_privileges()
        privileges.drop_capabilities()
        # Then /proc/self belongs to the job. The memory of this process holds no secret.
        linux.set_dumpable(dumpable=True)
        landlock.restrict_self(rules(self.view))
        seccomp.filter_self(is_grouped=self._is_counted, has_device=self._has_device)

    def used_bytes(self) -> tuple[int, int]:
        used, shared = rootfs.used_bytes(self._stores)
        return max(0, used - self._outside), shared

    def homes(self) -> tuple[Path, Path, Path]:
        return (
            Path(path_rules.WORK),
            Path(path_rules.HOME),
            Path(path_rules.TEMPORARY[0]),
        )

    def writable(self) -> Sequence[Path]:
        return tuple(map(Path, path_rules.ALL_WRITABLE))


class ExistingJail(Jail):
    """A jail that another program has already made around this process."""

    def enter(self) -> None:
        if os.getpid() != 1:
            raise OSError("not the first process of its namespace")
        try:
            # To cover waiting snapshots in /proc: see `HeldProcesses`.
            namespaces.own_mounts()
        except OSError as error:
            raise OSError(error.errno, f"{_NO_MOUNTS}: {error}") from error

    def make_room(self, total: int) -> None:
        """Do nothing: the sizes were given when the jail was made."""

    def _enlarge(self, more: int) -> None:
        """Do nothing: the jail was made with enough room."""

    def seal(self) -> None:
        """Make the files read only, and give up every right but that to mount."""
        self._stores = rootfs.open_stores()
        # There is no mount that no other process can reach. So what lies aside gets a
        # name that nobody can know before.
        name = f".{secrets.token_hex(8)}"
        places = (
            place for place in path_rules.ALL_WRITABLE if place != path_rules.WORK
        )
        folders = [
            StateFolder(
                path=Path(place),
                spare=Path(place, name),
                originals=Path(path_rules.FILES) if place == path_rules.HOME else None,
                given=_WORK_AT_HOME,
            )
            for place in places
        ]
        self._begin_states(folders, Path(path_rules.STATES), is_own=False)
        self._give_up_rights()


def _folder_of(place: str, path: Path, store: Path) -> StateFolder:
    """Return the folder of all states that the job finds at the place."""
    is_work = place == path_rules.WORK
    return StateFolder(
        path=path,
        spare=store / path_rules.SPARE,
        originals=Path(path_rules.FILES) if is_work else None,
    )


def _number_of(change: Callable[[], None]) -> int:
    """Make the change. Return the number of the error that it raises, 0 if none."""
    try:
        change()
    except OSError as error:
        return error.errno or errno.EIO
    return 0


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


class NoJail:
    """Level L0: a folder in the host's file system, and a user of the job's own."""

    parent_ended = signal.SIGTERM

    def __init__(self, order: Order) -> None:
        self._order = order

    def enter(self) -> None:
        linux.adopt_orphans()

    def store(self, source: int, name: str, folders: Sequence[str]) -> None:
        """Raise NotImplementedError: the host fills the folder in its file system."""
        raise NotImplementedError

    def make_room(self, total: int) -> None:
        """Raise NotImplementedError: the host fills the folder."""
        raise NotImplementedError

    def seal(self) -> None:
        """Do nothing: there are no rights to give up, and the host's user stays."""

    def save_folders(self) -> int | None:
        """Return None: the host's user may be root, and changes no files of the job."""
        return None

    def keep_folders(self) -> int:
        """Do nothing: no state is ever restored."""
        return 0

    def restore_folders(self, _number: int | None) -> int:
        """Do nothing: no state is saved."""
        return 0

    def hold_process(self, _pid: int) -> bool:
        """Do nothing: the host has stopped the process, and nothing protects it."""
        return True

    def release_process(self, _pid: int) -> bool:
        """Do nothing: no process is held."""
        return True

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
        """Return the parts of the job's own folder; the folder itself is the host's.

        Other places that the job's user may write to do not belong to the job.
        """
        folder = Path(self._order.folder)
        return tuple(folder / name for name in (*Folder, "home", "tmp"))
