"""Log in to a portal with a token, and log out."""

import sys
from contextlib import closing
from typing import Annotated

import typer

from softmark_cli.command_errors import wrong_use
from softmark_cli.credentials import (
    Credentials,
    checked_address,
    checked_token,
    remove_credentials,
    write_credentials,
)
from softmark_cli.portal_client import PortalClient
from softmark_cli.portal_rows import reading
from softmark_cli.terminal_output import JsonOption, Output, reporting

AddressArgument = Annotated[
    str,
    typer.Argument(
        help="The portal's address, such as https://portal.example.", show_default=False
    ),
]


def login(address: AddressArgument, *, as_json: JsonOption = False) -> None:
    """Store the address of the portal, and a token for it.

    Make the token in a browser, under Account, API tokens, with both scopes. It is
    asked for and not shown. In scripts, it is read from the standard input.
    """
    with reporting(as_json=as_json) as output:
        where = checked_address(address)
        credentials = Credentials(address=where, token=_asked_token(output, where))
        client = PortalClient(credentials, notify=output.note)
        with closing(client), reading():
            person = client.get("me/")
            scopes = person["scopes"] or []
            path = write_credentials(credentials)
            output.data(
                {"address": where, "name": person["name"], "scopes": list(scopes)}
            )
            output.say(f"Logged in to {where} as {person['name']}.", "bold green")
            output.note(f"The token is stored in {path}, readable by you alone.")
        if "submit" not in scopes:
            output.note("This token may only read, and not hand in.", "yellow")


def _asked_token(output: Output, address: str) -> str:
    """Return the token: asked for if there is a terminal, else from standard input.

    SECURITY: it is no argument: other people of the machine can see these, and the
    shell keeps them.
    """
    if output.asks:
        output.note(f"Make a token at {address}/account/tokens/")
        return checked_token(typer.prompt("Token", hide_input=True, err=True))
    text = sys.stdin.read(4096)
    if not text.strip():
        raise wrong_use(
            "There is no token on the standard input.",
            f"For example: softmark login {address} < token.txt",
            code="no_token",
        )
    return checked_token(text)


def logout(*, as_json: JsonOption = False) -> None:
    """Delete the stored address and token from this machine."""
    with reporting(as_json=as_json) as output:
        was_there = remove_credentials()
        output.data({"logged_out": was_there})
        if was_there:
            output.say("The token is deleted from this machine.")
            output.note(
                "It works until you revoke it in a browser: Account, API tokens."
            )
        else:
            output.say("You were not logged in.")
