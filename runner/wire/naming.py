"""Names of what lies in a library: "numpy", or "torch.nn:Conv2d"."""

import importlib
import operator


def import_named(name: str) -> object:
    """Return what "module" or "module:attribute.attribute" stands for.

    Raises ImportError or AttributeError.
    """
    module, _, attributes = name.partition(":")
    found: object = importlib.import_module(module)
    return operator.attrgetter(attributes)(found) if attributes else found
