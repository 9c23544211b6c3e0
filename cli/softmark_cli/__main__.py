"""Run the command line with `python -m softmark_cli`."""

from softmark_cli.program import main

main()
