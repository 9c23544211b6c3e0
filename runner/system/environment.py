"""The environment variables of our processes: all are set here, none is inherited."""

from typing import Final

# The variables of a notebook's kernel: tools write colours, and do not wait in a pager.
TOOLS: Final = {
    "TERM": "xterm-color",
    "CLICOLOR": "1",
    "CLICOLOR_FORCE": "1",
    "FORCE_COLOR": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
}
# Variables that name the process's own folder.
FOLDERS: Final = ("HOME", "TMPDIR", "MPLCONFIGDIR")
_MIB: Final = 1024**2
# Read by glibc when a program starts. Without them it gives the memory of freed tensors
# back to the kernel, and faults it in again, in every training step. These are the
# values up to which glibc raises its own, for programs that free arrays of 32 MiB.
ALLOCATOR: Final = {
    "MALLOC_MMAP_THRESHOLD_": str(32 * _MIB),
    "MALLOC_TRIM_THRESHOLD_": str(64 * _MIB),
}


def literal_environment(scratch: str, *, libraries: str = "") -> dict[str, str]:
    """Return the whole environment of a process that will run notebooks.

    `scratch` is a folder to which it may write. `libraries` are additional folders for
    the linker, separated by colons.
    """
    more = {"LD_LIBRARY_PATH": libraries} if libraries else {}
    return {
        **more,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        **dict.fromkeys(FOLDERS, scratch),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "NUMEXPR_NUM_THREADS": "1",
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONSAFEPATH": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **ALLOCATOR,
        **TOOLS,
    }
