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
        "HOME": scratch,
        "TMPDIR": scratch,
        "MPLCONFIGDIR": scratch,
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
        **TOOLS,
    }
