"""The API's part about people: tokens, permissions, filters and the one error shape."""
