"""The texts of django-allauth that users of this program see: pages, forms, errors and mails."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import allauth

# Sources, as allauth's catalogs name them, of what `chat.sign_in` shows or sends: forms and errors, its pages, its mails.
SHOWN = re.compile(
    r"""(?x) (?:account|mfa|socialaccount)/adapter\.py | account/(?:fields|forms)\.py | mfa/.+/forms\.py
    | templates/account/(?:account_inactive|base_reauthenticate|email_change|email_confirm|logout|password_reset.*
        |reauthenticate|verification_sent|snippets/.*)\.html
    | templates/account/email/(?:account_already|base_|email_ch|email_conf|email_del|password_ch|password_reset_[km]).*
    | templates/account/messages/(?:cannot_delete|email_confirmation_failed|unverified).*
    | templates/mfa/(?:authenticate|index|reauthenticate|recovery_codes/.*|totp/.*)\.html
    | templates/mfa/webauthn/(?!authenticator_list|signup).* | templates/mfa/email/.*
    | templates/socialaccount/(?:login_cancelled\.html|email/account_connected.*|messages/account_connected_other.*)"""
)
# Texts of what the settings leave off: telephones, codes by mail, several addresses, optional fields.
LEFT_OFF = re.compile(r"[Pp]hone|sign-in code|only one|add more than|\(optional\)|Username or|last remaining")

_ENTRY = re.compile(
    r"((?:^#:[^\n]*\n)+)(?:^#,[^\n]*\n)?^msgid (.*?)(?:^msgid_plural (.*?))?^msgstr", re.MULTILINE | re.DOTALL
)


# Texts of Django's own that its German or Arabic catalog lacks.
OF_DJANGO = (
    "This password is too short. It must contain at least %d character.",
    "After you’ve created a user, you’ll be able to edit more user options.",
    "Disabled",
    "Reset password",
    "Set password",
    "Enabled",
    "Password-based authentication",
    "Raw passwords are not stored, so there is no way to see the user’s password.",
    (
        "Whether the user will be able to authenticate using a password or not. If disabled, they may still be able to "
        "authenticate using other backends, such as Single Sign-On or LDAP."
    ),
)


def seen_by_users() -> Iterator[str]:
    """Yield the English texts, of a plural the singular."""
    yield from OF_DJANGO
    catalog = Path(allauth.__file__).parent / "locale" / "de" / "LC_MESSAGES" / "django.po"
    for places, text, _plural in _ENTRY.findall(catalog.read_text()):
        english = str(ast.literal_eval(f"({text})"))
        shown = any(SHOWN.fullmatch(place.rpartition(":")[0]) for place in re.findall(r"\S+:\d+", places))
        if shown and not LEFT_OFF.search(english):
            yield english
