"""Settings by which hypothesis draws the messages of a hostile process."""

from collections.abc import Callable

from hypothesis import HealthCheck, settings


def at_most(examples: int) -> Callable[..., Callable[..., None]]:
    """Return the settings for so many examples, which are the same in each run."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
