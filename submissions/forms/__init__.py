"""The forms of submissions."""
