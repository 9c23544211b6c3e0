"""The reader of pickles from pickle.dump, alone in a file or among others."""

from typing import Any

from runner.inside.readers.pickles import read
from runner.inside.readers.tensors import Tensors
from runner.inside.readers.torch_files import dialect_of


def read_pickle(
    data: memoryview, at: int = 0, *, encoding: str = "ascii"
) -> tuple[Any, int]:
    """Return the value of the pickle at the offset, and the offset of its end.

    Objects of other classes become holes in it (see `pickles`). Raises UnreadableError.
    """
    tensors = Tensors()
    dialect = dialect_of(tensors, None, others=True, encoding=encoding)
    found, end = read(data, dialect, at)
    tensors.check()
    return found, end
