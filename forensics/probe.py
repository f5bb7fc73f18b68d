"""Loads the plugins in a process of its own and prints their statuses as JSON; `forensics plugins list` asks it."""

import contextlib
import json
import sys
from dataclasses import asdict

from . import plugins
from .settings import load


def main() -> None:
    """Read settings from stdin, load the plugins, print their statuses; what plugins print goes to stderr."""
    flags = json.loads(sys.stdin.read())
    with contextlib.redirect_stdout(sys.stderr):
        statuses = plugins.load(load(flags=flags)).statuses
    sys.stdout.write(json.dumps([asdict(status) for status in statuses]))


if __name__ == "__main__":
    main()
