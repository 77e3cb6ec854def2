#!/usr/bin/env python3
"""The one entry: `python3 manage.py up`, `python3 manage.py test`, and every Django command.

Runs on the standard library alone until it stands in an environment that holds the packages of the command.
"""

import sys

from chatproject.dev import bootstrap

if __name__ == "__main__":
    bootstrap.enter(sys.argv)
    from chatproject.dev import commands

    commands.run(sys.argv)
