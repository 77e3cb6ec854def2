"""allauth's OpenID Connect with this program's addresses, bounded requests, and every token verified."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.utils import build_absolute_uri
from asgiref.sync import async_to_sync
from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from requests.structures import CaseInsensitiveDict

from chat.accounts.single_sign_on import claims, provider, tokens
from chat.conf import settings

# The only provider's name in allauth's tables.
PROVIDER_ID = "sso"


def release_connection() -> None:
    """Give the thread's connection to the database back before it waits for another server."""
    if not connection.in_atomic_block:
        connection.close()


class ProviderRequests:
    """The requests that allauth makes, in place of a session of `requests`, whose answers and time have no bound."""

    def __enter__(self) -> ProviderRequests:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Do nothing: no connection outlives its request."""

    def get(self, url: str, **content: Any) -> requests.Response:
        return self.request("GET", url, **content)

    def request(
        self, method: str, url: str, auth: Any = None, headers: Any = None, **content: Any
    ) -> requests.Response:
        """Return the answer. Raise RequestException."""
        release_connection()
        head = {**(headers or {}), **(provider.basic(auth.username, auth.password) if auth else {})}
        given = {name: value for name, value in content.items() if value is not None}
        try:
            reply = async_to_sync(provider.send)(method, url, headers=head, **given)
        except provider.ProviderError as problem:
            raise requests.RequestException(str(problem)) from None
        response = requests.Response()
        response.status_code, response._content = reply.status, reply.body
        response.headers = CaseInsensitiveDict(reply.headers)
        return response


class SingleSignOnAdapter(OpenIDConnectOAuth2Adapter):
    """The steps of a sign-in: the id token is demanded and verified, and the user's data must be of its subject."""

    def __init__(self, request: HttpRequest, provider_id: str = PROVIDER_ID) -> None:
        super().__init__(request, provider_id)

    @property
    def openid_config(self) -> Any:
        found = super().openid_config
        try:
            provider.check_issuer(found)
        except provider.ProviderError as problem:
            raise OAuth2Error(str(problem)) from None
        return found

    @property
    def basic_auth(self) -> bool:
        return provider.takes_basic(self.openid_config)

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return str(build_absolute_uri(request, reverse("sso_callback"), self.redirect_uri_protocol))

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        config = self.openid_config
        if not isinstance(token.token, str):
            raise OAuth2Error("The provider gave no access token.")
        with get_adapter().get_requests_session() as session:
            keys = session.get(config["jwks_uri"]).json()
        try:
            told = tokens.verify_id_token(str(kwargs["response"].get("id_token")), keys, config["issuer"])
        except provider.ProviderError as problem:
            raise OAuth2Error(str(problem)) from None
        more = self._fetch_user_info(token.token) if config.get("userinfo_endpoint") else {}
        if more.get("sub", told["sub"]) != told["sub"]:
            raise OAuth2Error("The user's data are those of another user.")
        data = {"id_token": told, "userinfo": claims.storable_claims({**told, **more})}
        return self.get_provider().sociallogin_from_response(request, data)


class SingleSignOn(OpenIDConnectProvider):
    """The provider. Only what is needed later is stored of its claims."""

    oauth2_adapter_class = SingleSignOnAdapter
    pkce_enabled_default = True

    def get_scope(self) -> list[str]:
        return list(settings.sso_scopes)

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        return self.get_scope()

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        return {}

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        told = data["userinfo"]
        return {"groups": claims.claimed_groups(told), "sid": claims.provider_session(data["id_token"])}
