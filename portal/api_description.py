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
    """Return the description, which stays as it is while the process lives.

    One thread makes it: drf-spectacular looks for its extensions in lists that it
    changes meanwhile, and several at once found some half loaded.
    """
    with _making:
        return _made_description()


class DescriptionOnce(SchemaGenerator):
    """Makes the description once, so that asking for it often costs little."""

    def get_schema(self, *args: Any, **kwargs: Any) -> Any:
        return description()
