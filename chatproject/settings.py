"""Django's settings of the shipped server, read from the environment in this module alone.

`chat.conf` declares every setting; its value is set under the name of its environment variable.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from chat.conf_values import named, read
from chatproject import database_url
from chatproject.dev.bootstrap import ROOT
from chatproject.server_settings import ServerSettings


def _from_environment() -> ServerSettings:
    try:
        return read(ServerSettings, os.environ)
    except ImproperlyConfigured as mistake:
        raise ImproperlyConfigured(
            f"{mistake} Correct it in the environment, in .env or in .env.local."
        ) from None


def _from_root(source: str) -> str:
    """Return JSON as it is, and a relative path of a JSON file as one below ROOT, in any working directory."""
    return source if not source or source.startswith(("{", "~")) else str(ROOT / source)


# Seconds for a connection, and keepalives and unacknowledged data (ms) by which a connection whose packets are dropped is
# given up within some 10 s; the kernel's own limits are minutes. Parameters in the URL take precedence.
DATABASE_DEADLINES = {
    "connect_timeout": database_url.CONNECT_SECONDS,
    "tcp_user_timeout": "10000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}


def _database(url: str) -> dict[str, Any]:
    """Return Django's description of the database that a `postgresql://` URL names."""
    try:
        info = database_url.parse(url)
    except ValueError as mistake:
        raise ImproperlyConfigured(f"DATABASE_URL {mistake}.") from None
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": info.pop("dbname", "chat"),
        "USER": info.pop("user", ""),
        "PASSWORD": info.pop("password", ""),
        "HOST": info.pop("host", ""),
        "PORT": info.pop("port", ""),
        "OPTIONS": DATABASE_DEADLINES | info,
        "CONN_HEALTH_CHECKS": True,
    }


def _suffix(key: str) -> str:
    """Return the end of the names of cookies that belong to a secret key."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


settings = _from_environment()
globals().update(named(settings))
CHAT_DATA_DIR: Path = ROOT / settings.data_dir
CHAT_READER_SECONDS: float = settings.reader_seconds
CHAT_MODELS, CHAT_MCP = _from_root(settings.models), _from_root(settings.mcp)
CHAT_EMBEDDINGS = _from_root(settings.embeddings)

BASE_DIR = ROOT
SECRET_KEY = settings.secret_key  # empty: Django refuses to sign, and `asgi` to be imported
SECRET_KEY_FALLBACKS = list(settings.secret_key_fallbacks)
DEBUG = settings.debug
ALLOWED_HOSTS = list(settings.allowed_hosts)
DATABASES = {"default": _database(settings.database_url)} if settings.database_url else {}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Commands of a checkout, such as `bench` and `matrix`, which are missing where the app is installed without its tests.
DEVELOPMENT = ["tests.benchmarks", "tests.release"] if (ROOT / "tests").is_dir() else []

INSTALLED_APPS = [
    "chat",
    "chatproject",
    "chatproject.admin_site.ChatAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    *settings.apps,
    *DEVELOPMENT,
]

# For pages and the admin. The API has a handler of its own without these: each of the synchronous ones costs a request
# a thread for its whole life, which a stream must not (see `chat.asgi`).
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "chat.headers.ContentSecurityPolicy",
    "servestatic.middleware.ServeStaticMiddleware",
    "chat.accounts.session_middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "chatproject.database_unavailable.DatabaseUnavailableMiddleware",
]

ROOT_URLCONF = "chatproject.urls"
ASGI_APPLICATION = "chatproject.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

AUTH_USER_MODEL = "chat.User"
AUTHENTICATION_BACKENDS = [
    "chat.accounts.identity.LoginThrottleBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

# django-allauth, as `chat.sign_in` uses it.
ACCOUNT_ADAPTER = "chat.sign_in.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "chat.sign_in.adapters.SingleSignOnRules"
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_REAUTHENTICATION_REQUIRED = True  # before an identity is connected
ACCOUNT_FORMS = {
    "login": "chat.sign_in.forms.LoginForm",
    "reauthenticate": "chat.sign_in.forms.ReauthenticateForm",
    "signup": "chat.sign_in.forms.SignUpForm",
    "change_password": "chat.sign_in.forms.ChangePasswordForm",
    "reset_password": "chat.sign_in.forms.ResetPasswordForm",
}
ACCOUNT_SIGNUP_FIELDS = ["username*", *(["email"] if settings.sends_mail else []), "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional" if settings.sends_mail else "none"
ACCOUNT_EMAIL_NOTIFICATIONS = settings.sends_mail  # of changes to the sign-in
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # no mails to addresses that strangers type
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CHANGE_EMAIL = True  # one address for each account
EMAIL_TIMEOUT = 10  # seconds for the mail server, for which a page waits
MFA_ADAPTER = "chat.sign_in.second_factors.SecondFactors"
MFA_FORMS = {
    "add_webauthn": "chat.sign_in.forms.AddKeyForm",
    "authenticate_webauthn": "chat.sign_in.forms.AuthenticateKeyForm",
    "login_webauthn": "chat.sign_in.forms.LoginKeyForm",
    "reauthenticate_webauthn": "chat.sign_in.forms.ReauthenticateKeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds by which a telephone's clock may differ
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Where this machine alone reaches the server; elsewhere passkeys are bound to https.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = set(ALLOWED_HOSTS) <= {"127.0.0.1", "localhost", "[::1]"}
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False  # who changes accounts need not log out first
ACCOUNT_SESSION_REMEMBER = True
# `LoginThrottleBackend` and the forms count these, in the database and under longer windows.
ACCOUNT_RATE_LIMITS = {"login": None, "signup": None, "change_password": None, "login_failed": "10/900s/key"}
# What was used once (codes, tokens) and counts of attempts, for all processes.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "chat_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

LANGUAGE_CODE = "en"
# The languages of our own texts: with any other, Django's texts alone would be in it.
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("ar", "العربية")]
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = CHAT_DATA_DIR / "static"
# The plain page's client library; in the wheel it lies among the app's own static files.
STATICFILES_DIRS = [("chat/client", ROOT / "chat" / "clients" / "typescript" / "src")]
# Static files come from the sources: no collectstatic before the first page.
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = settings.debug

# Cookies are shared by all ports of a host: names of this installation's own, which no other program there overwrites.
SESSION_COOKIE_NAME, *SESSION_COOKIE_FORMER_NAMES = [
    f"chat_session_{_suffix(key)}" for key in (SECRET_KEY, *SECRET_KEY_FALLBACKS)
]
CSRF_COOKIE_NAME, *CSRF_COOKIE_FORMER_NAMES = [
    f"chat_csrf_{_suffix(key)}" for key in (SECRET_KEY, *SECRET_KEY_FALLBACKS)
]
SESSION_ENGINE = "chat.accounts.session_store"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = list(settings.allowed_origins)
if settings.trusted_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000  # a year, as browsers' preload lists ask; sent on https requests only

# Twice the largest message in JSON, whose escapes can double a text: the body limit of `chatproject.server`.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "chatproject.logs.EscapingFormatter",
            "fmt": "{asctime} {levelname} {name} {message}",
            "style": "{",
        },
        "json": {"()": "chatproject.logs.JsonFormatter"},
    },
    "filters": {"redact_exception": {"()": "chatproject.logs.RedactExceptionFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": settings.log_format}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "chat": {"level": settings.log_level},
        "chatproject": {"level": settings.log_level},
        # A 404 is a client's doing too; and the address of a shared thread is the key to it.
        "django.request": {"level": "ERROR", "filters": ["redact_exception"]},
        # The package of MCP quotes messages that it cannot read, one line for each; `chat` logs what is lost by them.
        "mcp": {"level": "CRITICAL"},
        # A wrong Host is a client's doing and answered with 400; Django would log each with a traceback.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
