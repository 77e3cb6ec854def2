"""The version: of the package, and of the `User-Agent` header."""

__version__ = "0.1.0"
