"""The command line: parse, call one service function, render."""

from causalcx.cli.app import app, main

__all__ = ["app", "main"]
