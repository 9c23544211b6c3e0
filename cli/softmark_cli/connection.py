"""The connection of one command to the portal."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from softmark_cli.credentials import read_credentials
from softmark_cli.portal_client import PortalClient
from softmark_cli.terminal_output import Output


@contextmanager
def connected(output: Output) -> Iterator[PortalClient]:
    """Give a client with the stored credentials. Raises CommandError without any."""
    client = PortalClient(read_credentials(), notify=output.note)
    with closing(client):
        yield client
