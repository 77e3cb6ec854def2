"""Daphne's server with a bound on everything that a client can make it hold.

HTTP runs on uvloop's own transports: Twisted's protocol and transport took 400 of a prompt's 1,800 calls of Python, 13 % of its
CPU, and 8 % of a delta's. WebSockets are Daphne's, Autobahn's and Twisted's.

    flow_control  one connection's unsent bytes, and the applications that wait for room
    request       one HTTP request while it arrives, and the limits on it
    http          HTTP connections: limits on time, problem documents, failed responses cut short
    websocket     WebSocket: frames wait in the kernel while the consumer is busy
    transport     the transport of WebSockets
    port          the listening port, and its fair share among processes
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
