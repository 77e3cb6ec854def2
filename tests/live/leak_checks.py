"""Invariants that every live test must keep."""

from __future__ import annotations

from django.db.models import Max

from chat.models import ApiToken, Response
from tests.live.checks import assert_valid_log, running
from tests.live.client import Client
from tests.live.harness import LiveServer, LiveServers, assert_clean, assert_no_leaks, eventually

# Characters of each server's log in the report of a failure.
LOG_CHARACTERS = 4000
# Pooled connections to database and model that a test may have been the first to open.
SPARE_DESCRIPTORS = 24


class LeakChecks:
    """Records the state of the database and of the shared servers before a test, and checks it afterwards."""

    def __init__(self, servers: LiveServers) -> None:
        self._servers = servers
        self._last = Response.objects.aggregate(last=Max("pk"))["last"] or 0
        self._read = {server.pid: server.log_size for server in servers.kept()}
        self._descriptors = {server.pid: server.descriptors() for server in servers.kept() if server.alive()}

    def check(self) -> None:
        """Raise AssertionError for an invalid log, a response left running, a leak, or a traceback or secret in a log."""
        self._show_logs()
        self._check_no_running_responses()
        # The messages of an account under erasure go before its responses.
        for response in Response.objects.filter(pk__gt=self._last, owner__erasing_since=None):
            assert_valid_log(response)
        for server in self._servers.kept():
            self._check_server(server)

    def _show_logs(self) -> None:
        """Print the new output of the servers; pytest shows it where the test failed."""
        for server in self._servers.kept():
            if news := server.log_since(self._read.get(server.pid, 0)):
                print(f"{server.log_path}:\n{news[-LOG_CHARACTERS:]}")

    def _check_no_running_responses(self) -> None:
        left = running(self._last)
        if not left:
            return
        for response in left:
            self._stop(response)
        eventually(lambda: not running(self._last), says="responses go on after a stop")
        raise AssertionError(f"the test left responses running: {left}")

    def _stop(self, response: Response) -> None:
        """Stop the response as its owner would, so that the next test starts clean."""
        servers = [server for server in self._servers.kept() if server.alive()]
        if servers:
            client = Client(servers[0], ApiToken.issue(response.owner, "leak-checks"))
            client.stop(response.public_id)
            client.close()

    def _check_server(self, server: LiveServer) -> None:
        assert server.alive(), f"a shared server died:\n{server.log}"
        before = self._descriptors.get(server.pid, server.descriptors())
        assert_no_leaks(server, before + SPARE_DESCRIPTORS)
        assert_clean(server, self._read.get(server.pid, 0))
