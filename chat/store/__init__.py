"""Every read and write but the log's readers: sync functions, one transaction each, the owner a required argument."""

from chat.store.db import look, run, write_log

__all__ = ["look", "run", "write_log"]
