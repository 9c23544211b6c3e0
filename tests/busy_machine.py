"""How long a busy or slow machine may take, beyond what a test is about."""

from typing import Final

# Tests share two cores with others, so a bound in seconds must tell "waited for an end
# that never comes" from "was not given a processor".
BUSY_SECONDS: Final = 20.0
# The same virtual machine may be half as fast an hour later, also by processor time.
SLOW: Final = 2
