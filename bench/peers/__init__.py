"""The peers with which Softmark is compared."""
