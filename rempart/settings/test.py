"""Settings of the test suite: the same platform, faster hashing, a database given by the runner."""

from rempart.settings.base import *  # noqa: F403

DEBUG = False
SECRET_KEY = "tests-only-" + "0" * 40
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
ALLOWED_HOSTS = ["*"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
LOGGING = {"level": "CRITICAL", "format": "text"}
WHITENOISE_AUTOREFRESH = True
ACCOUNT_RATE_LIMITS = False

# Several runs may share one PostgreSQL server: each names its own test database.
DATABASES["default"]["TEST"] = {"NAME": env.text("REMPART_TEST_DB") or None}  # noqa: F405
