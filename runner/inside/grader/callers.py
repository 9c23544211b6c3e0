"""The caller of an object of the student's: a test, or a library that was given it.

Many functions of libraries take a value or a function, and call any callable:
`table.assign(found=predict(x))` calls the result of `predict` with the whole table,
including its hidden column. A library's call is not one that the test wrote.
"""

from types import FrameType
from typing import Final, Protocol

# The names of the modules that tests run in.
_TESTS: Final = frozenset(("checks", "__main__"))
# Libraries that call only arguments documented as functions, and never a value.
_CALLING: Final = frozenset(
    (
        *(
            "runner",
            "torch",
            "torchmetrics",
            "scipy",
            "functools",
            "contextlib",
            "timeit",
        ),
        *(
            "unittest",
            "_pytest",
            "threading",
            "multiprocessing",
            "concurrent",
            "asyncio",
        ),
    )
)
# Functions by which torch's modules pass the data of others on to a student's module.
_PASSING_ON: Final = ("Module.load_state_dict",)
# Functions of these libraries that take a name or a function.
_TAKING_BOTH: Final = frozenset(
    (
        *("cdist", "pdist", "_cdist_callable", "_pdist_callable", "minimize"),
        *("minimize_scalar", "linkage", "TransformerEncoderLayer.forward"),
        *("TransformerEncoderLayer._ff_block", "TransformerDecoderLayer._ff_block"),
    )
)
# The functions of numpy that call only functions. Others take values, too.
_OF_NUMPY: Final = ("vectorize.", "apply_along_axis", "apply_over_axes", "fromfunction")

# Functions of sklearn that ask an estimator about itself, and give it nothing.
_OF_SKLEARN: Final = ("get_tags", "_is_fitted")
# Functions of a library that begin so ask what something is: `scipy.sparse.issparse`.
_PREDICATES: Final = ("is", "_is")

# By this an abstract class, and a class such as torch's Parameter, answers `isinstance`.
_ANSWERING: Final = "__instancecheck__"


class _Places(Protocol):
    def is_own(self, path: object) -> bool:
        """Return whether the file is the course's own."""


class Callers:
    """The check of callers by their frames. `_places` knows the course's own files."""

    def __init__(self) -> None:
        self._places: _Places | None = None

    def set_own_places(self, places: _Places) -> None:
        """Treat the modules among the course's own files as the tests' own."""
        self._places = places

    def only_calls(self, frame: FrameType) -> bool:
        """Return whether code in this frame only calls what is meant to be called."""
        module = str(frame.f_globals.get("__name__"))
        library, name = module.partition(".")[0], frame.f_code.co_qualname
        if library in {"torch", "scipy"} and name in _TAKING_BOTH:
            return False
        if library == "torch" and name.startswith(_PASSING_ON):
            return False
        if library in _CALLING:
            return True
        if library == "numpy":
            return name.startswith(_OF_NUMPY)
        if library == "sklearn":
            return name in _OF_SKLEARN
        return self.is_test(frame)

    def is_test(self, frame: FrameType) -> bool:
        """Return whether the frame is the tests' own or in a module of the course's.

        A method like `assertIn` stands for the test that calls it.
        """
        module = str(frame.f_globals.get("__name__"))
        if module in _TESTS or module == "unittest.case":
            return True
        return self._places is not None and self._places.is_own(
            frame.f_code.co_filename
        )

    def asks_for_class(self, frame: FrameType) -> bool:
        """Return whether a test asks for a class: by `isinstance`, or a class for it.

        A function of a library that only says what something is asks for the test.
        """
        while frame.f_back is not None and _asks_for_another(frame):
            frame = frame.f_back
        return self.is_test(frame)


def _asks_for_another(frame: FrameType) -> bool:
    """Return whether the function of this frame asks on behalf of its caller."""
    name = frame.f_code.co_name
    return name == _ANSWERING or name.startswith(_PREDICATES)


# A process runs the tests of one job.
CALLERS: Final = Callers()
