"""Database access: sync functions run in worker threads, statements by hand, notifications across processes.

execution      run a sync function in a thread, in a transaction or without, and retry after a lost connection
threads        the threads, and the jobs that they run for the event loop
detached       work that goes on when its caller leaves
deadlines      deadlines of statements on the client's side
sql            statements by hand
notifications  NOTIFY and LISTEN
health         applied migrations, and poolers
"""

from chat.db.execution import atomic_async, run_async, run_in_log_thread

__all__ = ["atomic_async", "run_async", "run_in_log_thread"]
