"""Notifications across processes: they say that a row changed, the tables say how.

A lost one costs a reader at most one fallback poll. CHAT_NOTIFIER names the engine: the database itself, or a broker.

sending     notify in the transaction under way
interests   the subjects that this process hears from a broker
listener    the interface of the three engines, by topics
postgres    NOTIFY and LISTEN: every process hears everything
broker      what both brokers share: subscriptions, sending, signs of life
outbox      what is on its way to a broker
redis_link  Redis and Valkey
nats_link   NATS
"""

from chat.db.notifications.broker import make_listener, open_link
from chat.db.notifications.interests import (
    ALL_OWNERS,
    broker_url,
    clock_subject,
    hearing,
    read_subject,
    run_subject,
    until_heard,
)
from chat.db.notifications.listener import Listener
from chat.db.notifications.sending import (
    NOTIFY_SQL,
    Notification,
    execute,
    notify,
    notify_many,
    notify_values,
)

__all__ = [
    "ALL_OWNERS",
    "NOTIFY_SQL",
    "Listener",
    "Notification",
    "broker_url",
    "clock_subject",
    "execute",
    "hearing",
    "make_listener",
    "notify",
    "notify_many",
    "notify_values",
    "open_link",
    "read_subject",
    "run_subject",
    "until_heard",
]
