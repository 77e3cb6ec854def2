"""All pages of the admin in each language: no text of another one is left."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from chat import tools
from chat.models import ApiToken, SignInRecord, UsageRule, User
from tests.fixtures.page_texts import texts_of
from tests.integration.every_admin_page import Rows, all_addresses

pytestmark = pytest.mark.django_db

# Words that are alike, as names, terms and units are.
ALIKE = {
    "de": {
        *(
            "API-Token",
            "Browser",
            "Bytes",
            "Chat",
            "Client",
            "Dashboard",
            "Filter",
            "Name",
            "November 2026",
            "Probe",
            "Schema",
        ),
        *("Status", "System", "Text", "Tokens", "JSON"),
    },
    "ar": {"JSON"},
}
# What people, models and programs wrote: names, ids, times, amounts, codes, JSON, and the parts of a hash. Permissions have a
# name that Django stores in English, and descriptions of tools are for models.
DATA = re.compile(
    r" \| |^\d{4}-\d\d-\d\d |[0-9a-f]{8}|\*{4}|pbkdf2|^(?:algorithm|iterations|salt|hash)$"
    r"|words$|^[{]|_|\bresponse-\d|USD$|^\d+ ms$|^(?:c1|call|tool)\b|OpenAssistant/|^<content>|^\W*bold\W"
    r"|^(?:› )?(?:ada|interns|laptop|olga|program|readers|root)\b|^(?:Lynx|UTC|CSV|Hi|Hello there, you\.|calculate|deny)$"
    r"|^(?:openassistant|reply|spare|stop|unavailable|read, send, manage|testserver)$"
)


@pytest.fixture
def ada(settings: Any) -> User:
    """Create a user of whom each page has something to say."""
    settings.CHAT_PER_HOUR = 5
    ada = User.objects.create_user("ada", password="of ada alone")
    ada.groups.add(group := Group.objects.create(name="interns"))
    UsageRule.objects.create(
        group=group, model_names=["c1"], tool_rules={"calculate": "deny"}, tokens_per_day=9, shared=True
    )
    UsageRule.objects.create(user=ada, responses_per_hour=3, retention_days=7)
    Authenticator.objects.create(user=ada, type=Authenticator.Type.TOTP, data={})
    SignInRecord.objects.create(user=ada, method="password + totp", agent="Lynx")
    SignInRecord.objects.create(user=ada, method="password", agent="Lynx", succeeded=False)
    ApiToken.issue(ada, "program")
    return ada


def addresses(ada: User) -> list[str]:
    """Return the pages of a row of every table, and those of Ada's rows, of which there is more to say."""
    group, record = Group.objects.get(name="interns"), SignInRecord.objects.latest("pk")
    rows = {"auth_group": group, "chat_user": ada, "chat_signinrecord": record}
    actions = ("suspend", "sign-out", "remove-factors", "hold", "erase")
    return [
        *all_addresses(Rows()),
        *(reverse(f"admin:{table}_change", args=[row.pk]) for table, row in rows.items()),
        *(reverse(f"admin:chat_user_{action}", args=[ada.pk]) for action in actions),
    ]


def shown(client: Client, address: str, tag: str) -> set[str]:
    """Return the texts of a page; none of one that does not apply to its row."""
    answer = client.get(address, headers={"accept-language": tag})
    found = texts_of(answer.text) if answer.status_code == 200 else set()
    return {text.removeprefix("› ").rstrip(":") for text in found if not DATA.search(text)}


@pytest.mark.parametrize("tag", [pytest.param("de", marks=pytest.mark.long), "ar"])
def test_every_page_is_whole_in_each_language(admin: Client, ada: User, tag: str) -> None:
    left: dict[str, str] = {}
    descriptions = {
        " ".join(tool.schema["function"]["description"].split()) for tool in tools.configured_tools().values()
    }
    for address in addresses(ada):
        english = shown(admin, address, "en")
        both = (english & shown(admin, address, tag)) - ALIKE[tag] - descriptions
        left |= dict.fromkeys(both, address)
    assert left == {}
