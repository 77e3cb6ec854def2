"""Settings of single sign-on, with a provider of OpenID Connect."""

from __future__ import annotations

from dataclasses import dataclass

from chat.conf_models import ModelSettings
from chat.conf_values import address, names, seconds, setting, switch, text


@dataclass(frozen=True, kw_only=True, slots=True)
class SignInSettings(ModelSettings):
    """The settings of single sign-on."""

    sso_url: str = setting(
        "CHAT_SSO_URL",
        address,
        "",
        "URL",
        "the issuer of an OpenID Connect provider, without `/.well-known/…`: users may sign in there; https, or on loopback",
    )
    sso_client_id: str = setting("CHAT_SSO_CLIENT_ID", text, "", "name", "of this server at the provider")
    sso_client_secret: str = setting("CHAT_SSO_CLIENT_SECRET", text, "", "secret", "that belongs to it")
    sso_name: str = setting(
        "CHAT_SSO_NAME", text, "Single sign-on", "name", "of the provider, on the page for signing in"
    )
    sso_scopes: tuple[str, ...] = setting(
        "CHAT_SSO_SCOPES",
        names,
        ("openid", "profile", "email", "offline_access"),
        "names",
        "asked of the provider; `offline_access` gives the token with which sessions are checked later (Google refuses it)",
    )
    sso_groups_claim: str = setting(
        "CHAT_SSO_GROUPS_CLAIM", text, "groups", "name", "the claim with the names of a user's groups"
    )
    sso_groups: tuple[str, ...] = setting(
        "CHAT_SSO_GROUPS",
        names,
        (),
        "names",
        "groups of this server whose members the claim decides on, at each sign-in; others stay as staff set them",
    )
    sso_only: bool = setting(
        "CHAT_SSO_ONLY",
        switch,
        False,
        "switch",
        "nobody signs in or up with a password or a passkey; sessions, tokens and guests stay",
    )
    sso_refresh_seconds: float = setting(
        "CHAT_SSO_REFRESH_SECONDS",
        seconds,
        600.0,
        "seconds",
        "between two checks of a session at the provider; who is removed there is out at the next one",
    )
