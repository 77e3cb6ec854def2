"""Daphne's protocols with a bound on everything that a client can make the server hold.

    flow_control  one connection's unsent bytes, and the applications that wait for room
    http          HTTP: limits on the time and size of requests, problem documents, failed responses cut short
    websocket     WebSocket: frames wait in the kernel while the consumer is busy
    port          the listening port, its fair share among processes, and the transports of connections
    balance       the numbers of connections that the processes on one port share
    failures      what is logged of a failure, and the exit of a process that hangs
    memory        return of free memory to the system
    server        the server: start, applications, periodic checks, drain

Import this package before any other module of Daphne or Twisted: it installs the reactor, on uvloop.
"""

import uvloop
from twisted.internet import asyncioreactor

# Twisted keeps the first reactor that is installed, and daphne.server would install one of its own.
loop = uvloop.new_event_loop()
asyncioreactor.install(loop)
