"""Landlock: the rights of each version, and a process that restricts itself to them."""

import os
from functools import partial

import pytest

from runner.jail import landlock
from runner.jail.landlock import Access
from runner.system import linux


@pytest.mark.parametrize(
    ("abi", "missing"),
    [
        (1, Access.REFER | Access.TRUNCATE | Access.IOCTL_DEV),
        (2, Access.TRUNCATE | Access.IOCTL_DEV),
        (4, Access.IOCTL_DEV),
        (5, Access(0)),
        (99, Access(0)),
    ],
)
def test_only_rights_that_the_kernel_knows_are_used(abi: int, missing: Access) -> None:
    assert landlock.known(abi) == Access(0xFFFF) & ~missing


def test_making_a_device_is_never_allowed() -> None:
    for rights in (landlock.WRITE, landlock.RUN, landlock.DEVICE, landlock.TERMINAL):
        assert not rights & (Access.MAKE_CHAR | Access.MAKE_BLOCK)


@pytest.mark.skipif(landlock.version() < 1, reason="this kernel has no Landlock")
def test_a_process_cannot_leave_its_rules(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    allowed, closed = (tmp_path_factory.mktemp(name) for name in ("allowed", "closed"))
    for folder in (allowed, closed):
        (folder / "file").write_text("x")
    pid = os.fork()
    if pid == 0:
        status = 9
        try:
            linux.forbid_new_privileges()
            landlock.restrict_self(
                [(str(allowed), landlock.READ), ("/nowhere", landlock.READ)]
            )
            (allowed / "file").read_text()
            status = 0
            for forbidden in (
                (closed / "file").read_text,
                partial((allowed / "file").write_text, "y"),
                (allowed / "new").mkdir,
            ):
                try:
                    forbidden()
                    status += 1
                except PermissionError:
                    continue
        finally:
            os._exit(status)
    _, ended = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(ended) == 0
