"""What a reader says of a file that it does not take."""

import pickle


class UnreadableError(pickle.UnpicklingError):
    """The file is damaged, or its parts do not fit together."""


class NotReadError(UnreadableError):
    """It is in order, and no data that these readers make: the words say what."""
