"""The errors that a reader raises for a file that it does not read."""

import pickle


class UnreadableError(pickle.UnpicklingError):
    """Raised for a file that is damaged, or whose parts do not fit together."""


class NotReadError(UnreadableError):
    """Raised for a sound file that holds something unsupported; the message names it."""
