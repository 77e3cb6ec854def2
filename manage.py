#!/usr/bin/env python3
"""The entry point of every command: `python3 manage.py up`, `python3 manage.py test`, and those of Django.

The standard library is enough to start; the command continues in an environment that holds its packages.
"""

import sys

from chatproject.dev import bootstrap

if __name__ == "__main__":
    bootstrap.enter(sys.argv)
    from chatproject.dev import commands

    commands.run(sys.argv)
