"""Addresses and forms of the admin with values that cannot be evaluated, and rows that go in the middle of a request."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from io import StringIO
from itertools import product
from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from chat.admin.actions.object_actions import ObjectActionsMixin
from chat.models import AuditLogEntry, Thread, User
from tests.integration.admin.test_object_actions import OBJECT_ACTIONS, VIEWS, address, owner, rows
from tests.integration.admin_rows import make_call, make_thread, write_log

__all__ = ["owner", "rows"]

pytestmark = pytest.mark.django_db

NUL, HUGE = "\0", "9" * 19
DATES = {
    "auditlogentry": "moment",
    "hold": "made_at",
    "message": "created_at",
    "personrequest": "created_at",
    "price": "valid_from",
    "response": "created_at",
    "serverconnection": "connected_at",
    "share": "expires_at",
    "signinrecord": "at",
    "apitoken": "created_at",
    "thread": "updated_at",
    "upstreamcall": "started_at",
    "user": "date_joined",
}
BAD_DATES = [
    {"year": HUGE},
    {"year": "9999"},
    {"year": "0"},
    {"year": NUL},
    {"year": "²"},
    {"year": "2026", "month": HUGE},
    {"year": "2026", "month": "0"},
    {"year": "2026", "month": "2", "day": "30"},
    {"year": "2026", "month": "2", "day": HUGE},
    {"year": "9999", "month": "12", "day": "31"},
    {"month": HUGE},
    {"day": NUL},
    {"gte": "x"},
    {"gte": NUL},
    {"lt": "10000-01-01"},
    {"date": "2026-02-30"},
]
TEXTS = {
    "auditlogentry": ("username__startswith", "shown__contains", "action__exact", "kind"),
    "hold": ("reason__contains", "lasting", "kind"),
    "message": ("public_id__exact", "role__exact", "feedback", "thread__id__exact", "hidden__exact"),
    "response": ("public_id__exact", "status__exact", "model", "error_code", "owner__id__exact"),
    "serverconnection": ("server__exact", "owner__id__exact", "grant__startswith", "pending__contains"),
    "share": ("thread__id__exact", "owner__id__exact", "created_at__gt", "id__exact"),
    "signinrecord": ("method__exact", "user__id__exact", "address__contains", "session_key__startswith"),
    "thread": ("public_id__exact", "state", "model", "errors", "flagged", "archived__exact", "id__exact"),
    "upstreamcall": ("model", "outcome__exact", "parameters__contains", "thread__exact", "error_code"),
    "user": ("username__exact", "groups__id__exact", "is_guest__exact", "email__contains"),
    "apitoken": ("name__exact", "user__id__exact"),
    "personrequest": ("kind", "outcome__exact", "tool__contains", "response__id__exact"),
    "price": ("model", "currency__exact", "prompt_price__exact"),
}
BAD_TEXTS = [NUL, f"a{NUL}b", HUGE, "9" * 400, "1e400", "nan", "[", "{", "", "'", "²", "٣"]
BAD_FIELDS = [*BAD_TEXTS, "<script>", "x,y", "x" * 5000]
# Tables to which the admin adds rows.
ADDED = ("auth_group", "chat_apitoken", "chat_price", "chat_user")
BAD_PARAMETERS = [
    *({"o": value} for value in (NUL, HUGE, "-0", "1.2.3", "x")),
    *({"p": value} for value in (NUL, HUGE, "-1", "x")),
    *({name: value} for name in ("_to_field", "_popup", "all", "e", "q") for value in (NUL, "\n", HUGE)),
    *({name: value} for name in ("after", "before") for value in ("WyJcdTAwMDAiLDFd", "WzFlNDAwLDFd", "W3t9LFtdXQ")),
]  # fmt: skip
# The normal run takes a fifth of the queries of each list, another one for each, so that every value has its turn; `--all`
# takes them all.
PARTS = 5
EACH_PART = [0, *(pytest.param(part, marks=pytest.mark.long) for part in range(1, PARTS))]


def pairs(values: Sequence[str], kinds: Sequence[str]) -> list[Any]:
    """Return each value with each kind as parameters. The normal run takes a third, with every value and every kind."""
    return [
        pytest.param(value, kind, marks=[pytest.mark.long] if (number + other) % 3 else [])
        for number, value in enumerate(values)
        for other, kind in enumerate(kinds)
    ]


@pytest.fixture
def root(admin: Client) -> Client:
    """Return a superuser's client of an admin with a row in most tables; errors become answers."""
    thread = make_thread(User.objects.create(username="olga"))
    make_call(thread)
    write_log(thread.responses.get(), (b"text", False))
    admin.raise_request_exception = False
    return admin


def get(client: Client, name: str, query: dict[str, str]) -> int:
    """Return the status of a page; what a failing statement did to the transaction is undone."""
    with transaction.atomic():
        status = client.get(reverse(f"admin:{name}"), query).status_code
        transaction.set_rollback(True)
    return status


def failures(
    client: Client, kind: str, queries: Iterable[dict[str, str]], part: int
) -> list[tuple[dict[str, str], int]]:
    first = (list(TEXTS).index(kind) + part) % PARTS
    chosen = list(queries)[first::PARTS]
    found = [(query, get(client, f"chat_{kind}_changelist", query)) for query in chosen]
    return [(query, status) for query, status in found if status >= 500]


@pytest.mark.parametrize("part", EACH_PART)
@pytest.mark.parametrize("kind", DATES)
def test_no_date_breaks_a_list(root: Client, kind: str, part: int) -> None:
    queries = ({f"{DATES[kind]}__{unit}": value for unit, value in date.items()} for date in BAD_DATES)
    assert failures(root, kind, queries, part) == []


@pytest.mark.parametrize("part", EACH_PART)
@pytest.mark.parametrize("kind", TEXTS)
def test_no_filter_breaks_a_list(root: Client, kind: str, part: int) -> None:
    queries = ({name: value} for name, value in product(TEXTS[kind], BAD_TEXTS))
    assert failures(root, kind, queries, part) == []


@pytest.mark.parametrize("part", EACH_PART)
@pytest.mark.parametrize("kind", TEXTS)
def test_no_parameter_and_no_pattern_breaks_a_list(root: Client, kind: str, part: int) -> None:
    text = TEXTS[kind][0].partition("__")[0]
    patterns = [{f"{text}__{lookup}": "("} for lookup in ("regex", "iregex")]
    assert failures(root, kind, [*BAD_PARAMETERS, *patterns], part) == []


def test_every_list_of_the_chat_is_in_these_tables() -> None:
    kinds = {model._meta.model_name for model in site._registry if model._meta.app_label == "chat"}
    assert kinds == set(DATES) == set(TEXTS)


@pytest.mark.parametrize(
    "query",
    [
        {"updated_at__year": HUGE},
        {"updated_at__gte": "x"},
        {"id__exact": "x"},
        {"archived__exact": NUL},
        {"after": "x"},
        {"public_id__regex": "("},
        {"nothing": "x"},
        {"title__startswith": "x"},
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_export_with_a_bad_filter_exports_nothing(
    root: Client, method: str, query: dict[str, str]
) -> None:
    at = reverse("admin:chat_thread_export", query=query)
    with transaction.atomic():
        answer = getattr(root, method)(at, {"reason": "ticket 7"} if method == "post" else query)
        transaction.set_rollback(True)
    assert (answer.status_code, answer.streaming) in ((302, False), (400, False))


@pytest.mark.parametrize("name", ["model", "range", "from", "to"])
@pytest.mark.parametrize("value", [NUL, f"c1{NUL}", HUGE, "9" * 5000, "9999-12-31", "\n", "²"])
def test_no_value_breaks_the_dashboard(root: Client, name: str, value: str) -> None:
    assert get(root, "dashboard", {name: value}) == 200
    panel = root.get(reverse("admin:dashboard_csv", args=["first-token"]), {name: value})
    assert panel.status_code == 200


@pytest.mark.parametrize("name", ["_to_field", "o", "nothing__x", "title__contains", "all"])
@pytest.mark.parametrize("kind", ["thread", "user", "price"])
def test_no_address_writes_a_line_of_its_own_into_the_log(
    root: Client, kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, console = StringIO(), next(one for one in logging.getLogger().handlers if one.name == "console")
    monkeypatch.setattr(console, "stream", output)
    forged = "\n2026-01-01 00:00:00,000 ERROR forged line"
    for query in ({name: forged}, {f"x{forged}": "1"}):
        get(root, f"chat_{kind}_changelist", query)
    assert not [line for line in output.getvalue().splitlines() if line.startswith("2026-01-01")]


@pytest.mark.parametrize("term", [NUL, "(", "9" * 400, ""])
def test_no_term_breaks_the_choice_of_a_user(root: Client, term: str) -> None:
    query = {"app_label": "chat", "model_name": "apitoken", "field_name": "user", "term": term}
    assert get(root, "autocomplete", query) == 200


@pytest.mark.parametrize(("value", "kind"), pairs(BAD_FIELDS, ADDED))
def test_no_value_breaks_a_form_that_adds_a_row(root: Client, kind: str, value: str) -> None:
    address = reverse(f"admin:{kind}_add")
    names = root.get(address).context["adminform"].form.fields
    fields = dict.fromkeys(names, value)
    assert root.get(address, fields).status_code == 200
    with transaction.atomic():
        assert root.post(address, fields).status_code in (200, 302)
        transaction.set_rollback(True)


@pytest.mark.parametrize(("key", "kind"), pairs([NUL, HUGE, "9" * 30, "x", "_00", "²"], [*DATES]))
def test_no_key_breaks_the_page_of_a_row(root: Client, kind: str, key: str) -> None:
    for view in ("change", "history", "delete"):
        at = reverse(f"admin:chat_{kind}_{view}", args=[key])
        assert root.get(at).status_code in (302, 403, 404), view


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("kind", DATES)
def test_an_empty_name_of_a_field_breaks_no_page_of_a_row(root: Client, kind: str, method: str) -> None:
    for view in ("change", "delete"):
        at = reverse(f"admin:chat_{kind}_{view}", args=["1"])
        assert getattr(root, method)(at + "?_to_field=").status_code == 404
        assert root.post(at, {"_to_field": ""}).status_code == 404


@pytest.mark.parametrize("key", [NUL, HUGE, "x"])
def test_no_key_breaks_the_link_to_the_site(root: Client, key: str) -> None:
    found = {}
    for content_type in ContentType.objects.all():
        with transaction.atomic():
            answer = root.get(reverse("admin:view_on_site", args=[content_type.pk, key]))
            transaction.set_rollback(True)
        found[content_type.model] = answer.status_code
    assert {model: status for model, status in found.items() if status != 404} == {}


def deleted_on_the_way(monkeypatch: pytest.MonkeyPatch, owner: str) -> None:
    """Let the owner and all of their rows be deleted after a page has loaded its row."""
    load = ObjectActionsMixin.get_object

    def load_and_delete(self: Any, *args: Any) -> Any:
        row = load(self, *args)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        delete_user(owner)
        return row

    monkeypatch.setattr(ObjectActionsMixin, "get_object", load_and_delete, raising=False)


def delete_user(username: str) -> None:
    user = User.objects.get(username=username)
    user.holds.all().delete()
    user.delete()


@pytest.mark.parametrize(("kind", "name", "right", "action"), OBJECT_ACTIONS)
def test_an_action_on_a_row_that_was_just_deleted_is_refused_and_not_recorded(
    staff: Callable[..., Client],
    rows: dict[str, Model],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    name: str,
    right: str,
    action: str,
) -> None:
    client = staff(*VIEWS, right)
    deleted_on_the_way(monkeypatch, "other" if kind == "hold" else "olga")
    assert client.post(address(kind, name, rows[kind]), {"reason": "ticket 7"}).status_code in (403, 404)
    assert not AuditLogEntry.objects.exists()


@pytest.mark.parametrize("kind", ["thread", "message", "response"])
def test_the_page_of_a_row_that_was_just_deleted_is_not_found(
    staff: Callable[..., Client], rows: dict[str, Model], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    client = staff(*VIEWS, "read_content")
    client.raise_request_exception = False
    deleted_on_the_way(monkeypatch, "olga")
    answer = client.get(reverse(f"admin:chat_{kind}_change", args=[rows[kind].pk]))
    assert answer.status_code == 404
    assert not Thread.objects.filter(owner__username="olga").exists()
