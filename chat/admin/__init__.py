"""The admin: conversations, responses, users and governance. Content is read-only.

access       permissions on content, the audit log of every view, the form that asks for a reason
lists        paging by key, navigation by date, filters, formatting of columns
readonly     base classes: read-only tables, and tables with content
actions      actions on one object (redact, hold, suspend, …), each with a confirmation page; the export of threads
inspection   one response or thread in detail: transcript, timeline, throughput, calls of models, replay, request as sent
reports      dashboard with charts and CSV, models and tools with probes

One module per table, with its list and its page:
threads, messages, responses, shares     conversations and public links to them
requests                                 what waits for a person, and how it ended
users, groups, rules, tokens             accounts, their groups with the rules of both, and API tokens
sign_ins                                 the record of sign-ins
connections                              users' connections to MCP servers
usage                                    calls of models, and prices
holds, audit_log                         governance

Modules import from the entries above them. `chatproject.admin_site` sets the addresses of the reports and the index.
"""

from chat.admin import (
    audit_log,
    connections,
    groups,
    holds,
    messages,
    requests,
    responses,
    shares,
    sign_ins,
    threads,
    tokens,
    usage,
    users,
)

__all__ = [
    "audit_log",
    "connections",
    "groups",
    "holds",
    "messages",
    "requests",
    "responses",
    "shares",
    "sign_ins",
    "threads",
    "tokens",
    "usage",
    "users",
]
