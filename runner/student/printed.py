"""What the student's code prints while a test's call runs."""

import io

from runner.values.link import MAX_PRINTED


class Printed(io.StringIO):
    """Keeps the beginning of what is printed."""

    def write(self, text: str) -> int:
        """Keep the text as far as there is room. Return its length."""
        super().write(text[: MAX_PRINTED - self.tell()])
        return len(text)
