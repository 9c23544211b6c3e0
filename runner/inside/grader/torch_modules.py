"""torch's calls to a student's module that is part of a test's own module.

torch passes on what it has collected so far: all modules before it with their weights,
or the dictionary that it is filling. None of that goes to the student's process. The
module is asked for its own part, and the rest is done here.

`torch.func.functional_call` puts other weights into a module for one call. With a
student's module it would put them into this process, and the call would run in the
student's process without them.

`kl_divergence` looks its formula up by the classes of both distributions, which a stand-in
does not have.
"""

from collections.abc import Callable, Iterator, MutableMapping
from types import FrameType
from typing import Any, Final

from torch import distributions
from torch.nn.utils import stateless

from runner.inside.grader.answers import NotDataError
from runner.inside.grader.handle_parts import is_handle


def answer_to(frame: FrameType) -> Callable[..., Any] | None:
    """Return the function for a call by torch from this frame, or None for other calls."""
    if str(frame.f_globals.get("__name__")) != "torch.nn.modules.module":
        return None
    return _ANSWERS.get(frame.f_code.co_qualname)


def install() -> None:
    """Refuse `functional_call` and `kl_divergence` with a student's object, in words."""
    call = stateless._functional_call  # noqa: SLF001 - what both of torch's functions use

    def checked(module: Any, *arguments: Any, **named: Any) -> Any:
        if is_handle(module) or any(map(is_handle, module.modules())):
            raise NotDataError(
                "functional_call cannot put weights into the student's module: load them "
                "with load_state_dict, or let a function of the notebook call it"
            )
        return call(module, *arguments, **named)

    vars(stateless)["_functional_call"] = checked
    divergence = distributions.kl_divergence

    def compared(p: Any, q: Any) -> Any:
        if is_handle(p) or is_handle(q):
            raise NotDataError(
                "kl_divergence takes no distribution of the student's: make one of its "
                "parameters (`Normal(d.loc, d.scale)`), or let a function of the notebook "
                "call it"
            )
        return divergence(p, q)

    for module in (distributions, distributions.kl):
        vars(module)["kl_divergence"] = compared


def _named_modules(
    method: Any,
    memo: set[Any],
    prefix: str = "",
    remove_duplicate: bool = True,  # noqa: FBT001, FBT002 - as torch calls it
) -> Iterator[tuple[str, Any]]:
    """Yield the module and its submodules, except those in the memo."""
    for name, module in method(prefix=prefix, remove_duplicate=remove_duplicate):
        if module not in memo:
            if remove_duplicate:
                memo.add(module)
            yield name, module


def _state_dict(
    method: Any,
    *,
    destination: MutableMapping[str, Any],
    prefix: str = "",
    keep_vars: bool = False,
) -> MutableMapping[str, Any]:
    """Add the module's own parameters and buffers to the dictionary."""
    destination.update(method(prefix=prefix, keep_vars=keep_vars))
    return destination


_ANSWERS: Final[dict[str, Callable[..., Any]]] = {
    "Module.named_modules": _named_modules,
    "Module.state_dict": _state_dict,
}
