"""Notices of requests to a person: who has to answer hears of it by mail, the operator's programs by a webhook.

queue        the rows: one for each mail and call, stored with the request and claimed before it is sent
mail         mails in the recipient's language
webhook      signed calls, as Standard Webhooks describes them
links        where a request is answered
dispatcher   the background work of a process

A notice names and links, and holds no content. It is sent at most once: an attempt is repeated only where the other side is
known not to have taken it.
"""

from chat.responses.notices.dispatcher import Dispatcher
from chat.responses.notices.queue import check, enqueue

__all__ = ["Dispatcher", "check", "enqueue"]
