"""Verification of the tokens that the provider signs: the id token of a sign-in, and the logout token of its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from chat.accounts.single_sign_on.provider import ProviderError
from chat.conf import settings
from chat.text import storable

# Signatures with a key that the provider alone has.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
# Characters of a subject, of a session's id and of a token's; OpenID Connect Core allows a subject no more (section 2).
MAX_ID_LENGTH = 255
# Seconds by which two clocks may differ.
LEEWAY = 60
# Seconds for which a logout token may be valid, and is remembered as used; two minutes are advised.
MAX_LOGOUT_LIFE = 86_400
# The event of a logout token (OpenID Connect Back-Channel Logout, section 2.4).
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


def verify_id_token(token: str, keys: Mapping[str, Any], issuer: str) -> dict[str, Any]:
    """Return the claims of an id token for this server. Raises ProviderError."""
    claims = _verified(token, keys, issuer, ("iss", "aud", "exp", "iat", "sub"))
    check_ids(claims, "sub")
    if (
        isinstance(claims["aud"], list)
        and len(claims["aud"]) > 1
        and claims.get("azp") != settings.sso_client_id
    ):
        raise ProviderError("The token was made for another program.")
    return claims


def verify_logout_token(token: str, keys: Mapping[str, Any], issuer: str) -> dict[str, Any]:
    """Return the claims of a logout token. Raises ProviderError."""
    claims = _verified(token, keys, issuer, ("iss", "aud", "exp", "iat", "jti"))
    events = claims.get("events")
    if not (isinstance(events, dict) and isinstance(events.get(LOGOUT_EVENT), dict)) or "nonce" in claims:
        raise ProviderError("The token is no logout token.")
    if claims["exp"] > time.time() + MAX_LOGOUT_LIFE:
        raise ProviderError("The logout token is valid for too long.")
    if not any(isinstance(claims.get(name), str) and claims[name] for name in ("sub", "sid")):
        raise ProviderError("The logout token names nobody.")
    check_ids(claims, "sub", "sid", "jti")
    return claims


def check_ids(claims: Mapping[str, Any], *names: str) -> None:
    """Raise ProviderError where the texts of these claims could not be stored."""
    for name in names:
        value = claims.get(name)
        if isinstance(value, str) and (storable(value) != value or len(value) > MAX_ID_LENGTH):
            raise ProviderError(f"The token's `{name}` cannot be stored.")


def _verified(token: str, keys: Mapping[str, Any], issuer: str, required: tuple[str, ...]) -> dict[str, Any]:
    import jwt  # not at the top: few installations need it

    try:
        wanted = jwt.get_unverified_header(token).get("kid")
        known = jwt.PyJWKSet.from_dict(dict(keys)).keys
        key = next((one for one in known if wanted in (None, one.key_id)), None)
        if key is None:
            raise ProviderError("The token was signed with a key that the provider does not show.")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            audience=settings.sso_client_id,
            issuer=issuer,
            leeway=LEEWAY,
            options={"require": list(required)},
        )
    except (jwt.PyJWTError, TypeError, ValueError, KeyError, AttributeError):
        # The latter for keys that are none.
        raise ProviderError("The token cannot be verified.") from None
    return claims
