"""Every read and write but the log's readers: sync functions, one transaction each, the owner a required argument."""

from chat.db.execution import atomic_async, run_async, run_in_log_thread

__all__ = ["atomic_async", "run_async", "run_in_log_thread"]
