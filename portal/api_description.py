"""The API's description in OpenAPI, made once."""

import threading
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator

_making = threading.Lock()


@cache
def _made_description() -> Any:
    generator: Any = SchemaGenerator  # which has no types
    return generator().get_schema(public=True)


def description() -> Any:
    """Return the description, which does not change while the process lives.

    Only one thread makes it: drf-spectacular looks for its extensions in lists that it
    changes meanwhile, and several threads at once found some of them half loaded.
    """
    with _making:
        return _made_description()


class DescriptionOnce(SchemaGenerator):
    """Makes the description once, so that asking for it often costs little."""

    def get_schema(self, *args: Any, **kwargs: Any) -> Any:
        return description()
