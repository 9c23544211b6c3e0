"""Run the program in this process, and keep what it prints."""

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from softmark_cli.program import app


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a command has printed, and its exit status."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Softmark:
    """The program, in the present folder."""

    def __init__(self) -> None:
        self._runner = CliRunner()

    def __call__(self, *arguments: str, stdin: str = "") -> Done:
        result = self._runner.invoke(app, list(arguments), input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(code=result.exit_code, out=result.stdout, err=result.stderr)
