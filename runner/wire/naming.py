"""Names of libraries and of objects in them: "numpy", or "torch.nn:Conv2d"."""

import importlib
import operator


def import_named(name: str) -> object:
    """Return the object that "module" or "module:attribute.attribute" names.

    Raises ImportError or AttributeError.
    """
    module, _, attributes = name.partition(":")
    found: object = importlib.import_module(module)
    return operator.attrgetter(attributes)(found) if attributes else found
