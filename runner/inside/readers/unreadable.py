"""What a reader says of a file that it does not take."""

import pickle


class UnreadableError(pickle.UnpicklingError):
    """The file is damaged, or its parts do not fit together."""


class NotReadError(UnreadableError):
    """The file is in order, and holds what these readers do not make; the words say what."""
