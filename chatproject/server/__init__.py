"""Daphne's protocols with a bound on everything that a client can make them hold.

    outbound    what one connection still has to send, and the wait of those who would send more
    http        HTTP: caps on time and size of what arrives, problem documents, failed answers cut short
    websocket   WebSocket: frames wait in the kernel while the consumer is busy
    port        connections, shared evenly with other processes
    server      all of it put together, and its drain

Import this before anything else of Daphne's or Twisted's: it installs the reactor, on uvloop.
"""

import uvloop
from twisted.internet import asyncioreactor

# Twisted keeps the first reactor that is installed, and daphne.server would install one of its own.
loop = uvloop.new_event_loop()
asyncioreactor.install(loop)
