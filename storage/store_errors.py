"""What can be wrong with the store of blobs, or with content in it."""


class BlobTooLargeError(Exception):
    """The content went over the limit that the caller set."""


class BlobStoreFullError(Exception):
    """The store has no room for the content; nothing of it is left there."""


class BlobMissingError(Exception):
    """A row names content that is missing from the store, or damaged there."""


class StoreUnreachableError(Exception):
    """The store does not answer, so nobody can say whether the content is there.

    Nothing is wrong with the content or with the row: the same call may succeed later.
    """
