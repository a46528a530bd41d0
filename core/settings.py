"""Settings, read from the environment. README.md lists the names; a bad value stops the start by name.

Every limit carries its unit in its name and its reason beside it.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from core import env, home
from jobs.runtime.redis_url import channel_hosts

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = env.path("KOEBAKO_HOME", default=BASE_DIR / "var")

# --- Who may reach the house ----------------------------------------------
PORT = env.integer("PORT", default=8000, at_least=1, at_most=65535)
PUBLIC_URL = env.url("PUBLIC_URL", default="", schemes=("http", "https")).rstrip("/")
DATABASE_URL = env.url("DATABASE_URL", default="", schemes=("postgres", "postgresql", "sqlite"))
# More than one person or machine depends on it: unsafe values are refused (see `doctor`).
PRODUCTION = bool(PUBLIC_URL or DATABASE_URL)
DEBUG = env.flag("DEBUG", default=False)
# The public name is allowed unless the list is given; then it must be in it (see unsafe.py).
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", default=("localhost", "127.0.0.1", "[::1]", *filter(None, [urlsplit(PUBLIC_URL).hostname]))
)
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
# Where links point to when there is no request to read it from.
BASE_URL = PUBLIC_URL or f"http://localhost:{PORT}"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []

if os.environ.get("SECRET_KEY"):
    SECRET_KEY = os.environ["SECRET_KEY"]
elif DATABASE_URL:
    # Two machines with two keys would refuse each other's queue entries and links.
    raise ImproperlyConfigured("SECRET_KEY must be set when DATABASE_URL is set, the same on every machine")
else:
    SECRET_KEY = home.secret_key(HOME)

# --- Rooms ------------------------------------------------------------------
INSTALLED_APPS = [
    # Without "daphne", which only replaces `runserver`: it would import Twisted into every worker
    # and command, 25 MB and half a second each.
    "core",
    # Before django_q, so that `manage.py qcluster` is ours.
    "jobs.runtime",
    "jobs.access",
    # Its `rqworker` stands for django_rq's, which is no app here: its commands pickle, and its pages let
    # any member of staff empty a queue.
    "jobs.delivery",
    "jobs.functions",
    "jobs.live",
    "bots",
    "bots.guilds",
    "bots.telegram",
    # The basic configuration, or it would put a site of its own in the place of core/admin.py's.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    # Before import_export, whose pages it shows in its own look.
    "unfold.contrib.import_export",
    "import_export",
    # After unfold, whose templates and scripts stand in for Django's own.
    "core.admin_app.AdminSite",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    # For its documentation page from its own files; else it loads them from a foreign host.
    "ninja",
    "django_q",
]

MIDDLEWARE = [
    "core.proxies.TrustedProxies",
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
    "core.one_thread.one_thread",
]

ROOT_URLCONF = "core.urls"
ASGI_APPLICATION = "core.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database -----------------------------------------------------------------
if DATABASE_URL and not DATABASE_URL.startswith("sqlite"):
    DATABASES: dict[str, Any] = {"default": dj_database_url.parse(DATABASE_URL)}
    # A host that does not answer must not hold a request for minutes.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
else:
    name = dj_database_url.parse(DATABASE_URL)["NAME"] if DATABASE_URL else HOME / "koebako.sqlite3"
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name,
            # IMMEDIATE and a long timeout make writers queue instead of failing with
            # "database is locked"; WAL alone does not. 20 s: the busy handler is unfair under load.
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # The keeper moves the log into the file once a second (keeper.py), so that no request or task
                # pays for it; the figure, 40 MB, is for a house without one.
                "init_command": ("PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA wal_autocheckpoint=10000;"),
            },
            # Threads and processes of the tests must meet in one file.
            "TEST": {"NAME": HOME / "test.sqlite3"},
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis ----------------------------------------------------------------------
# While `up` runs, its Valkey is found by every command with the same home.
REDIS_URL = env.redis_url("REDIS_URL", default=home.redis_url(HOME))
# A Redis that hangs must not hold a request or a worker for longer than this.
REDIS_TIMEOUT_SECONDS = env.integer("REDIS_TIMEOUT_SECONDS", default=5, at_least=1)
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        # The queueing layer drops messages silently at 100 unread ones; this one does not.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": channel_hosts(REDIS_URL, timeout_seconds=REDIS_TIMEOUT_SECONDS),
            "prefix": "koebako:live",
        },
    }
}

# --- Workers ----------------------------------------------------------------------
# Workers that take every queue; one more takes the interactive queue alone. A span, `2..6`,
# follows the age of what waits.
WORKERS = env.span("WORKERS", default=os.cpu_count() or 1, at_least=1, at_most=256)
# A dead machine's tasks are taken back after this; renewed every third of it by the guard.
# Under 3 s a slow database would look like a dead worker.
LEASE_SECONDS = env.integer("LEASE_SECONDS", default=10, at_least=3)
# A task that kills its worker this often is parked as a failure: one more run would kill one more.
MAX_ATTEMPTS_AFTER_DEATH = env.integer("MAX_ATTEMPTS_AFTER_DEATH", default=3, at_least=1)
# What a stopping cluster grants running tasks before it hands them back.
STOP_GRACE_SECONDS = env.integer("STOP_GRACE_SECONDS", default=20, at_least=1)
# A task over this is ended with its worker, unless its function says otherwise: the largest
# model and its input fit, and two of them do not take a small machine down.
TASK_MAX_MEMORY_MEGABYTES = env.integer("TASK_MAX_MEMORY_MEGABYTES", default=2048, at_least=128)
# Of a task's output and files together, unless its function says otherwise: an hour of sound as MP3, twice.
TASK_MAX_OUTPUT_BYTES = env.integer("TASK_MAX_OUTPUT_BYTES", default=100_000_000, at_least=1000)
# A worker over this is replaced between two tasks; dictionaries and one model fit twice.
WORKER_MAX_RSS_MEGABYTES = env.integer("WORKER_MAX_RSS_MEGABYTES", default=1024, at_least=128)
Q_CLUSTER = {
    "name": "koebako",
    # Each task brings its own limit; these two only keep django-q2 from warning.
    "timeout": 86_400,
    "retry": 90_000,
    "recycle": 1_000_000_000,  # by memory, never by count: a new worker costs 0.1 s
    "max_rss": WORKER_MAX_RSS_MEGABYTES * 1024,
    "save_limit": 0,
    "scheduler": False,  # ours has one leader and fires once
    "broker_class": "jobs.runtime.broker.TaskBroker",
    "catch_up": False,
    "label": "django-q2",
}

# --- Deliveries -------------------------------------------------------------------
# Private addresses that webhooks may reach all the same, as host:port; over plain HTTP too.
DELIVERY_ALLOW_HOSTS = env.words("DELIVERY_ALLOW_HOSTS")
# Threads of one `rqworker`, each with a database connection of its own.
DELIVERY_SENDERS = env.integer("DELIVERY_SENDERS", default=32, at_least=1, at_most=256)
# A webhook is over after this, whatever its receiver does; a sender has 30 s in all.
DELIVERY_TIMEOUT_SECONDS = env.integer("DELIVERY_TIMEOUT_SECONDS", default=15, at_least=1, at_most=25)
# django_rq reads it; the connection itself is ours (jobs/delivery/queue.py), which knows Sentinels.
RQ_QUEUES = {"deliveries": {"URL": "redis://", "SERIALIZER": "json", "DEFAULT_TIMEOUT": 30}}

# --- Requests -----------------------------------------------------------------------
# The largest JSON body: a text of the longest speech, many times over.
MAX_BODY_BYTES = env.integer("MAX_BODY_BYTES", default=1_000_000, at_least=10_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
# A list page; more is asked for with the cursor.
MAX_PAGE_ROWS = 100
# `page_url` and artifact links: long enough to open a link from a chat, short enough to leak little.
LINK_SECONDS = env.integer("LINK_SECONDS", default=3600, at_least=60)

# --- Speech ---------------------------------------------------------------------------
# Moras after numbers and words are expanded: about 2.5 minutes of sound and 6 s of a free core.
# Twice as many did not fit into the function's 30 s on a machine that was busy.
SPEECH_MAX_MORAS = env.integer("SPEECH_MAX_MORAS", default=1000, at_least=10)
# Characters before that; the text analysis itself takes time that grows with them.
SPEECH_MAX_CHARACTERS = env.integer("SPEECH_MAX_CHARACTERS", default=10_000, at_least=10)
# Identical phrases come from Redis for this long.
SPEECH_CACHE_SECONDS = env.integer("SPEECH_CACHE_SECONDS", default=3600, at_least=0)
# All cached phrases together; the oldest leave first.
SPEECH_CACHE_MEGABYTES = env.integer("SPEECH_CACHE_MEGABYTES", default=64, at_least=1)

# --- Recordings -----------------------------------------------------------------------
# A file that is sent for a function to work on: an hour of speech as MP3 at 110 kbit/s. In bytes, 50 MB.
UPLOAD_MAX_BYTES = env.integer("UPLOAD_MAX_BYTES", default=50_000_000, at_least=100_000)
# How long one is kept for tasks that are run again; one that a task still needs stays longer.
UPLOAD_SECONDS = env.integer("UPLOAD_SECONDS", default=86_400, at_least=600)
# An hour as samples takes 230 MB of a worker, and ten minutes of two cores when nobody pauses.
TRANSCRIPTION_MAX_SECONDS = env.integer("TRANSCRIPTION_MAX_SECONDS", default=3600, at_least=10)
# Up to here somebody waits in a chat, and a worker of the interactive queue is busy for about 5 s at most.
TRANSCRIPTION_INTERACTIVE_SECONDS = env.integer("TRANSCRIPTION_INTERACTIVE_SECONDS", default=60, at_least=0)
# The first is what is taken unless an input names another: `base` is in the package, others are a folder with a
# converted Whisper model, or a name that faster-whisper loads (and fetches at first use); `openai/...` is a service's.
TRANSCRIPTION_MODELS = env.words("TRANSCRIPTION_MODELS", default=("base",))
# Of the processor, for one transcription; several workers may hold one each.
TRANSCRIPTION_THREADS = env.integer("TRANSCRIPTION_THREADS", default=2, at_least=1, at_most=64)

# --- OpenAI-compatible services -----------------------------------------------------------
# With a key, the voices `openai_...` can be asked for, and TRANSCRIPTION_MODELS may hold `openai/MODEL`; nothing leaves
# the house unless one of them is asked for, or stands first.
OPENAI_API_KEY = os.environ.get("OPENAI_API_KEY", "")
OPENAI_BASE_URL = env.url("OPENAI_BASE_URL", default="", schemes=("http", "https")).rstrip("/")
OPENAI_SPEECH_MODEL = os.environ.get("OPENAI_SPEECH_MODEL", "") or "tts-1"

# --- Discord --------------------------------------------------------------------------
DISCORD_TOKEN = os.environ.get("DISCORD_TOKEN", "")
# Other addresses than Discord's own: a proxy, or the stand-in of the tests.
DISCORD_API_BASE = env.url("DISCORD_API_BASE", default="", schemes=("http", "https")).rstrip("/")
DISCORD_GATEWAY_URL = env.url("DISCORD_GATEWAY_URL", default="", schemes=("ws", "wss"))
# The dictionary channel of an installation for a single guild; others name theirs by /settings.
DICT_CH_ID = env.integer("DICT_CH_ID", default=0, at_least=0)
# Of what waits in a guild, how many are made ahead: the one that is heard, and what follows it at once.
# More would make sound that a skip, a merge or a better speed throws away.
DISCORD_AHEAD_UTTERANCES = env.integer("DISCORD_AHEAD_UTTERANCES", default=3, at_least=1)
# Of one member, waiting in one guild; above it their oldest gives way, so that one cannot fill the queue.
DISCORD_MEMBER_UTTERANCES = env.integer("DISCORD_MEMBER_UTTERANCES", default=8, at_least=1)
# What is late by this much is not worth saying any more, after an outage or a restart.
DISCORD_LATE_SECONDS = env.integer("DISCORD_LATE_SECONDS", default=120, at_least=5)
# How long a guild waits for sound that does not come, before the next is said: a worker's death and rerun fit.
DISCORD_PATIENCE_SECONDS = env.integer("DISCORD_PATIENCE_SECONDS", default=12, at_least=1)
# Messages held in memory while the database is away: all that 100 busy guilds write in a minute.
DISCORD_BUFFER_MESSAGES = env.integer("DISCORD_BUFFER_MESSAGES", default=5000, at_least=10)
# The bot leaves when nobody has listened for so long; a reconnecting phone takes less.
DISCORD_ALONE_SECONDS = env.integer("DISCORD_ALONE_SECONDS", default=20, at_least=1)

# --- Telegram -------------------------------------------------------------------------
TELEGRAM_TOKEN = os.environ.get("TELEGRAM_TOKEN", "")
# Other addresses than Telegram's own: a local Bot API server, or the stand-in of the tests.
TELEGRAM_API_BASE = env.url("TELEGRAM_API_BASE", default="", schemes=("http", "https")).rstrip("/")
TELEGRAM_FILE_BASE = env.url("TELEGRAM_FILE_BASE", default="", schemes=("http", "https")).rstrip("/")
# Where Telegram reaches this house; then it brings updates itself and nobody asks for them. Empty: polling.
TELEGRAM_WEBHOOK_URL = env.url("TELEGRAM_WEBHOOK_URL", default="", schemes=("http", "https")).rstrip("/")
# Of one person, waiting or worked on; whoever sends more is told so, and may try again.
TELEGRAM_USER_MESSAGES = env.integer("TELEGRAM_USER_MESSAGES", default=10, at_least=1)
# Telegram hands bots files of up to 20 MB; a local Bot API server hands out larger ones.
TELEGRAM_MAX_FILE_BYTES = env.integer("TELEGRAM_MAX_FILE_BYTES", default=20_000_000, at_least=100_000)

# --- Files ------------------------------------------------------------------------------
STORAGE_URL = env.url("STORAGE_URL", default=f"file://{HOME / 'media'}", schemes=("file", "s3"))
if STORAGE_URL.startswith("s3://"):
    from botocore.config import Config  # only then: it takes a third of a second to import

    bucket, _slash, prefix = STORAGE_URL.removeprefix("s3://").partition("/")
    artifact_storage: dict[str, Any] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "location": prefix,
            "file_overwrite": False,
            "default_acl": None,
            # A store that hangs must not hold a worker longer than its lease can be explained.
            "client_config": Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard"}),
        },
    }
else:
    artifact_storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": STORAGE_URL.removeprefix("file://")},
    }
STORAGES = {
    "default": artifact_storage,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
# daphne serves no static files; read them where they lie, so that no collect step is needed
# (and no STATIC_ROOT, about whose absence WhiteNoise would warn).
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# --- Languages and time -----------------------------------------------------------------
LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", _("Japanese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "jobs" / "live" / "locale", BASE_DIR / "bots" / "locale"]
TIME_ZONE = "Asia/Tokyo"
USE_TZ = True

# --- Accounts and pages -------------------------------------------------------------------
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SECURE = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
# Taken from trusted proxies only: core/proxies.py removes it from anyone else's request.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = False  # the proxy in front does it; it also talks plain HTTP to the probes
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "media-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    },
}

# --- Admin ------------------------------------------------------------------------------------
# Functions are named by their path. The colours stand in admin.css: the policy above forbids the
# <style> element that unfold would write them into.
UNFOLD = {
    "SITE_TITLE": "声箱 Koebako",
    "SITE_HEADER": "声箱 Koebako",
    "SITE_SYMBOL": "graphic_eq",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "core.admin.favicon"}],
    "STYLES": ["core.admin.stylesheet"],
    "SHOW_HISTORY": False,
    "SHOW_LANGUAGES": True,
    "SIDEBAR": {"navigation": "core.admin.navigation"},
}

# --- Logs -----------------------------------------------------------------------------------
LOG_LEVEL = env.choice("LOG_LEVEL", default="info", allowed=("debug", "info", "warning", "error"))
LOG_FORMAT = env.choice("LOG_FORMAT", default="console", allowed=("console", "json"))
LOGGING_CONFIG = "core.logs.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT}
