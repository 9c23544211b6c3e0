"""The API of the gradebook."""
