"""The platform's settings. Production differs from a trial only by environment variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from rempart.settings import environment as env

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(env.text("REMPART_VAR", str(ROOT / "var"))).resolve()

SECRET_KEY = env.secret("REMPART_SECRET_KEY", VAR / "secret_key")
# Signs the packs of detection rules: nodes trust its public half.
RULES_KEY = env.secret("REMPART_RULES_KEY", VAR / "rules_key")
SECRET_KEY_FALLBACKS = env.words("REMPART_SECRET_KEY_FALLBACKS")
DEBUG = env.flag("REMPART_DEBUG")
ALLOWED_HOSTS = env.words("REMPART_HOSTS", "localhost,127.0.0.1,[::1]")
PUBLIC_URL = env.text("REMPART_PUBLIC_URL", "http://localhost:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
HTTPS = PUBLIC_URL.startswith("https://")

# Each may call those before it.
SLICES = ("organisations", "assets", "intelligence", "exposure", "alerts", "indicators", "detection")
INSTALLED_APPS = [
    "rempart.kernel",
    *(f"rempart.{each}" for each in SLICES),
    "rempart.web",
    "ninja",  # the API's page, with the script and style of its package: nothing comes from another host
    "rempart.demo",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "rempart.web.middleware.RequestContext",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "rempart.web.middleware.SignedIn",
]

ROOT_URLCONF = "rempart.urls"
WSGI_APPLICATION = None
ASGI_APPLICATION = "rempart.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "rempart.web.context.shell",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "rempart.web.templatetags.ui",
                "rempart.web.templatetags.lists",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {"default": env.database("REMPART_DATABASE_URL", f"sqlite://{VAR / 'rempart.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# What every process must agree on (limits of rate) is "default", kept in the database. What each may work out
# again for itself is "process".
CACHES: dict[str, dict[str, Any]] = {
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "process"},
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "kernel_cache",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    },
}

AUTH_USER_MODEL = "kernel.User"
SESSION_ENGINE = "rempart.kernel.session_store"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"

ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts are opened by an administrator, never by sign-up
ACCOUNT_ADAPTER = "rempart.web.accounts.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "rempart.web.accounts.SocialAccountAdapter"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
    "reset_password": "10/m/ip,3/10m/key",
    "reset_password_from_key": "10/m/ip",
}
REQUIRE_MFA = env.flag("REMPART_REQUIRE_MFA")  # whoever must have a second factor does nothing without one
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Rempart"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": []}}
OIDC_ISSUER = env.text("REMPART_OIDC_ISSUER")
if OIDC_ISSUER:
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"].append(
        {
            "provider_id": "oidc",
            "name": env.text("REMPART_OIDC_NAME", "Authentification gouvernementale"),
            "client_id": env.text("REMPART_OIDC_CLIENT_ID"),
            "secret": env.text("REMPART_OIDC_CLIENT_SECRET"),
            "settings": {"server_url": OIDC_ISSUER, "token_auth_method": "client_secret_basic"},
        }
    )

# A browser refuses a cookie of this prefix unless it is Secure, for this host alone and every path.
_COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}rempart_session"
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}rempart_csrf"
SESSION_COOKIE_AGE = 12 * 3600  # since sign-in, whatever the activity
SESSION_IDLE_AGE = (
    env.whole("REMPART_SESSION_IDLE_MINUTES", 120) * 60
)  # a board that refreshes itself is active
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "rempart.web.middleware.csrf_failure"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_SSL_REDIRECT = False  # the proxy in front redirects; behind it the platform speaks plain HTTP
if env.flag("REMPART_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
if OIDC_ISSUER:
    # The sign-in form redirects to the provider, and browsers hold redirects to form-action.
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"].append("/".join(OIDC_ISSUER.split("/")[:3]))

DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 5
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
UPLOAD_DIR = VAR / "uploads"

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français"), ("en", "English")]  # each by its own name, for whoever reads only that one
LANGUAGE_COOKIE_NAME = "rempart_language"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_AGE = 365 * 86_400
TIME_ZONE = env.text("REMPART_TIME_ZONE", "America/Toronto")
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# How long a worker's claim on an event or a job outlives it; renewed while the worker lives.
LEASE_SECONDS = env.whole("REMPART_LEASE_SECONDS", 60)
MATCHING_PROCESSES = env.whole("REMPART_MATCHING_PROCESSES", 1)  # of one worker, while it matches everything
# Whoever reads /metrics from another machine shows this as a bearer token; without it only loopback reads.
METRICS_TOKEN = env.text("REMPART_METRICS_TOKEN")
TASKS = {
    "default": {"BACKEND": "rempart.kernel.jobs.DatabaseBackend", "QUEUES": ["default", "urgent", "bulk"]}
}

EMAIL_BACKEND = env.text("REMPART_EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env.text("REMPART_SMTP_HOST", "localhost")
EMAIL_PORT = env.whole("REMPART_SMTP_PORT", 25)
EMAIL_HOST_USER = env.text("REMPART_SMTP_USER")
EMAIL_HOST_PASSWORD = env.text("REMPART_SMTP_PASSWORD")
EMAIL_USE_TLS = env.flag("REMPART_SMTP_STARTTLS")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("REMPART_MAIL_FROM", "Rempart <rempart@localhost>")
DKIM_SELECTOR = env.text("REMPART_DKIM_SELECTOR")
DKIM_PRIVATE_KEY = env.text("REMPART_DKIM_PRIVATE_KEY")

FEED_ALLOW_PRIVATE_ADDRESSES = env.flag("REMPART_FEEDS_ALLOW_PRIVATE")
WEBHOOK_ALLOW_PRIVATE_ADDRESSES = env.flag("REMPART_WEBHOOKS_ALLOW_PRIVATE")

LOGGING_CONFIG = "rempart.kernel.logs.configure"
LOGGING = {"level": env.text("REMPART_LOG_LEVEL", "INFO"), "format": env.text("REMPART_LOG_FORMAT", "json")}
