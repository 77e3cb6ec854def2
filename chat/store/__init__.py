"""Every read and write but the log's readers: sync functions, one transaction each, the owner a required argument."""

from chat.store.db import run_async, atomic_async, run_in_log_thread

__all__ = ["run_async", "atomic_async", "run_in_log_thread"]
