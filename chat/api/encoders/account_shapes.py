"""Types of the JSON objects about a user: the session, settings, tokens, connections, the export of all data."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypedDict


class UserName(TypedDict):
    """The name of a user."""

    username: str


class ModelDetails(TypedDict):
    """Texts and abilities of a model. `demo`: the demo model answers for it."""

    title: str
    description: str
    images: bool
    tools: bool
    interfaces: bool
    demo: bool


class SessionBudget(TypedDict):
    """A budget of the caller, of a rule or of the server: the rolling window in which so much may be spent, and is.

    `group`: the name of the group whose rule it is; `shared`: its members spend it together. `renewsAt` is set where nothing is
    left.
    """

    budget: Literal[
        "responses_per_hour", "tokens_per_day", "tokens_per_month", "money_per_day", "money_per_month"
    ]
    source: Literal["server", "user", "group"]
    group: str | None
    shared: bool
    limit: float
    spent: float
    currency: str | None
    renewsAt: str | None


class SessionState(TypedDict):
    """The caller, and the features of this server."""

    user: UserName
    guest: bool
    csrfToken: str
    models: list[str]
    imageModels: list[str]
    attachmentBytes: int
    fileKinds: list[str]
    efforts: dict[str, list[str]]
    modelDetails: dict[str, ModelDetails]
    demo: bool
    signup: bool
    connections: bool
    serverPrompts: bool
    budgets: list[SessionBudget]
    storedBytesLeft: int | None


class Instructions(TypedDict):
    """System text of the user's new chats."""

    instructions: str


class TokenState(TypedDict):
    """A token of a program, without the token itself."""

    id: str
    name: str
    scopes: list[Literal["read", "send", "manage"]]
    expiresAt: datetime | None
    createdAt: datetime


class TokenList(TypedDict):
    """The tokens of a user, newest first."""

    tokens: list[TokenState]


class NewToken(TypedDict):
    """A new token, shown this once."""

    token: str


class ConnectionState(TypedDict):
    """A user's connection to an MCP server. `refused`: the server no longer takes the sign-in, so connect it again."""

    server: str
    state: Literal["connected", "refused", "none"]
    connectedAt: datetime | None
    usedAt: datetime | None


class ConnectionList(TypedDict):
    """The MCP servers that the user may connect, by name."""

    connections: list[ConnectionState]


class ServerPromptArgument(TypedDict):
    """A text that a prompt takes."""

    name: str
    description: str
    required: bool


class ServerPromptState(TypedDict):
    """A prompt of an MCP server."""

    server: str
    name: str
    title: str
    description: str
    arguments: list[ServerPromptArgument]


class ServerPromptList(TypedDict):
    """The prompts of the MCP servers that the user may use."""

    prompts: list[ServerPromptState]


class ServerPromptText(TypedDict):
    """The text of a prompt with its arguments."""

    text: str


class AuthorizationAddress(TypedDict):
    """The address at which the user signs in, for the browser to open."""

    authorizationUrl: str


class AccountExportFile(TypedDict):
    """All data of a user."""

    version: int
    exportedAt: datetime
    account: dict[str, Any]
    tokens: list[dict[str, Any]]
    shares: list[dict[str, Any]]
    connections: list[dict[str, Any]]
    threads: list[dict[str, Any]]
    attachments: list[dict[str, Any]]
