"""Every read and write but the log's readers: sync functions, one transaction each, the owner a required argument."""

from chat.store.db import run, write_log

__all__ = ["run", "write_log"]
