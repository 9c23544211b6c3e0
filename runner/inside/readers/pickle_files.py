"""What a pickle holds: one that pickle.dump has written, alone or among others."""

from typing import Any

from runner.inside.readers.pickles import read
from runner.inside.readers.tensors import Tensors
from runner.inside.readers.torch_files import dialect_of


def read_pickle(
    data: memoryview, at: int = 0, *, encoding: str = "ascii"
) -> tuple[Any, int]:
    """Return what the pickle there makes, and where it ends. Raises UnreadableError.

    Objects of other classes stand in it as holes (see `pickles`).
    """
    tensors = Tensors()
    dialect = dialect_of(tensors, None, others=True, encoding=encoding)
    found, end = read(data, dialect, at)
    tensors.check()
    return found, end
