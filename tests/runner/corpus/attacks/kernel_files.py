"""Row 93: the kernel's files that show its state, and those that change it."""

from typing import Final

KERNEL_FILES: Final = """
for path in (
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches",
    "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger", "/proc/sys/fs/binfmt_misc/register",
    "/sys/kernel/uevent_helper", "/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/cgroup.procs",
    "/sys/fs/cgroup/memory/release_agent", "/sys/power/state", "/proc/1/oom_score_adj",
    "/proc/self/setgroups", "/proc/self/uid_map",
): attempt(path, write, path, b"1\\n", "r+b")
for path in ("/proc/kcore", "/proc/kmsg", "/proc/kallsyms-of-the-host", "/sys/kernel/debug",
             "/sys/firmware/efi", "/proc/timer_list"):
    found = outcome(read, path, 10) if not os.path.isdir(path) else outcome(os.listdir, path)
    empty = found == "ok" and not read(path, 10)
    say(path, "nothing" if empty else found)
attempt("own group of processes", os.listdir, "/sys/fs/cgroup")
"""
WRITTEN_FILES: Final = (
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
    "/proc/sys/vm/drop_caches", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger",
    "/proc/sys/fs/binfmt_misc/register", "/sys/kernel/uevent_helper",
    "/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/cgroup.procs",
    "/sys/fs/cgroup/memory/release_agent", "/sys/power/state", "/proc/1/oom_score_adj",
    "/proc/self/setgroups", "/proc/self/uid_map",
)  # fmt: skip
READ_FILES: Final = (
    "/proc/kcore", "/proc/kmsg", "/proc/kallsyms-of-the-host", "/sys/kernel/debug",
    "/sys/firmware/efi", "/proc/timer_list",
)  # fmt: skip
