"""The admin's pages of users, groups, rules, sign-ins and tokens, in each language: no text of another one is left."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from chat.models import ApiToken, SignInRecord, UsageRule, User
from tests.fixtures.page_texts import texts_of

pytestmark = pytest.mark.django_db

# Names, the words in which rules are written, and words that are alike.
NAMES = {
    "read, send, manage",
    "ada",
    "interns",
    "root",
    "program",
    "Lynx",
    "c1",
    "deny",
    "UTC",
    "calculate",
    '{"calculate": "deny"}',
}
ALIKE = {
    "de": {"Name", "Name:", "Chat", "Browser", "Browser:", "Status", "Status:", "API-Token", "Filter"},
    "ar": set(),
}


# Names of permissions, which Django stores in English, exact times, and the parts of a hash.
UNTRANSLATED = re.compile(r" \| |^\d{4}-\d\d-\d\d |\*{4}|pbkdf2|^(?:algorithm|iterations|salt|hash)$")


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
    group, record = Group.objects.get(), SignInRecord.objects.latest("pk")
    token = ApiToken.objects.get()
    tables = ("auth_group", "chat_user", "chat_signinrecord", "chat_apitoken")
    rows = {"auth_group": group, "chat_user": ada, "chat_signinrecord": record, "chat_apitoken": token}
    actions = ("suspend", "sign-out", "remove-factors", "hold", "erase")
    return [
        *(reverse(f"admin:{table}_changelist") for table in tables),
        *(reverse(f"admin:{table}_change", args=[row.pk]) for table, row in rows.items()),
        *(reverse(f"admin:{table}_add") for table in ("auth_group", "chat_user", "chat_apitoken")),
        *(reverse(f"admin:chat_user_{action}", args=[ada.pk]) for action in actions),
    ]


def shown(client: Client, address: str, tag: str) -> set[str]:
    """Return the texts of a page without the list of all tables, which is every page's."""
    page = client.get(address, headers={"accept-language": tag}).text
    found = texts_of(page.partition('<div id="content"')[2].partition(">")[2].partition('id="footer"')[0])
    return {text for text in found if not UNTRANSLATED.search(text)}


@pytest.mark.parametrize("tag", ALIKE)
def test_pages_of_users_groups_and_sign_ins_are_whole_in_their_language(
    admin: Client, ada: User, tag: str
) -> None:
    known = NAMES | ALIKE[tag]
    left = {one: shown(admin, one, "en") & shown(admin, one, tag) - known for one in addresses(ada)}
    assert {one: texts for one, texts in left.items() if texts} == {}
