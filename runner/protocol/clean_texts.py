"""Texts that come out of a jail, cut and without control characters."""


def clean_text(text: object, longest: int) -> str:
    """Return the text on one line or several, cut, and without control characters.

    Characters that would turn the direction of the text around are among those, too.
    Anything but a text becomes "".
    """
    if not isinstance(text, str):
        return ""
    kept = text[: longest + 1]
    words = "".join(
        one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}"
        for one in kept
    )
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


def clean_line(text: object, longest: int) -> str:
    """Return the text like `clean_text`, on one line."""
    return " ".join(clean_text(text, longest).split())
