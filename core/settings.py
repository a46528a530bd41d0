"""Settings, read from the environment. README.md lists the names; a bad value stops the start by name.

Every limit carries its unit in its name and its reason beside it.

One file, longer than any other of the house: a table that is read from top to bottom and searched by name, in which
each name is set once and nothing is called. In several files, star imports would hide from the linter which of them
sets a name, and what follows from PUBLIC_URL or HOME would stand far from them.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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
ALLOWED_HOSTS = env.hosts(
    "ALLOWED_HOSTS", default=("localhost", "127.0.0.1", "[::1]", *filter(None, [urlsplit(PUBLIC_URL).hostname]))
)
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
# Where links point to when there is no request to read it from.
BASE_URL = PUBLIC_URL or f"http://localhost:{PORT}"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []

SECRET_KEY = env.text("SECRET_KEY")
if not SECRET_KEY and DATABASE_URL:
    # Two machines with two keys would refuse each other's queue entries and links.
    raise ImproperlyConfigured("SECRET_KEY must be set when DATABASE_URL is set, the same on every machine")
SECRET_KEY = SECRET_KEY or home.secret_key(HOME)
# Keys before it, comma separated: what they signed or sealed (logins, links, webhooks' secrets, recordings, second
# steps) opens still, and nothing new is made with them. OPERATIONS.md says when one may be taken out.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")

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
    "jobs.images",
    "jobs.announcements",
    "jobs.practice",
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
    # The rows and the arithmetic of two_factor.py; their own pages and forms are not used.
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "channels",
    # For its documentation page from its own files; else it loads them from a foreign host.
    "ninja",
    "django_q",
]

MIDDLEWARE = [
    "core.proxies.TrustedProxies",
    "core.request_id.RequestId",
    "django.middleware.security.SecurityMiddleware",
    "core.headers.BrowserHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Not before: files of pages are no requests worth a trace.
    "core.traces.Traces",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    # Before the check that reads a form.
    "jobs.live.page_limits.PageLimits",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jobs.live.second_step.StaffWithTwoFactor",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "core.urls"
# A problem under the API, a page anywhere else; core/urls.py names its siblings.
CSRF_FAILURE_VIEW = "jobs.api.error_views.csrf_failure"
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
    DATABASES: dict[str, Any] = {"default": env.database("DATABASE_URL")}
    # A host that does not answer must not hold a request for minutes.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
else:
    name = env.database("DATABASE_URL")["NAME"] if DATABASE_URL else HOME / "koebako.sqlite3"
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name,
            # IMMEDIATE and a long timeout make writers queue instead of failing with
            # "database is locked"; WAL alone does not. 20 s: the busy handler is unfair under load.
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # The keeper moves the log into the file (write_ahead_log.py), so that no request or task
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
# A file that processes without a port touch while they turn, for the health check of an image; empty: none.
HEARTBEAT_FILE = env.text("HEARTBEAT_FILE")
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
DELIVERY_ALLOW_HOSTS = env.places("DELIVERY_ALLOW_HOSTS")
# Threads of one `rqworker`, each with a database connection of its own; half as many more while receivers hang.
DELIVERY_SENDERS = env.integer("DELIVERY_SENDERS", default=32, at_least=1, at_most=256)
# A webhook is over after this, whatever its receiver does; a sender has 30 s in all.
DELIVERY_TIMEOUT_SECONDS = env.integer("DELIVERY_TIMEOUT_SECONDS", default=15, at_least=1, at_most=25)
# django_rq reads it; the connection itself is ours (jobs/delivery/queue.py), which knows Sentinels.
RQ_QUEUES = {"deliveries": {"URL": "redis://", "SERIALIZER": "json", "DEFAULT_TIMEOUT": 30}}

# --- Tokens of another system -----------------------------------------------------------
# HS256 by a shared secret (RFC 7518 wants it as long as the digest), RS256 and ES256 by the keys at a URL.
JWT_SECRET = env.secret("JWT_SECRET", at_least_characters=32)
JWT_JWKS_URL = env.url("JWT_JWKS_URL", default="", schemes=("https", "http"))
JWT_ISSUER = env.text("JWT_ISSUER")
JWT_AUDIENCE = env.text("JWT_AUDIENCE")
# Clocks differ; more would let ended tokens live on.
JWT_LEEWAY_SECONDS = env.integer("JWT_LEEWAY_SECONDS", default=30, at_least=0, at_most=300)
if JWT_SECRET or JWT_JWKS_URL:
    # Without them a token that was made for another service of the same system would open this one.
    for name, value in (("JWT_ISSUER", JWT_ISSUER), ("JWT_AUDIENCE", JWT_AUDIENCE)):
        if not value:
            raise env.BadValue(name, "what your tokens say in `iss` and `aud`, since JWT_SECRET or JWT_JWKS_URL is set")

# --- Requests -----------------------------------------------------------------------
# The largest JSON body: a text of the longest speech, many times over.
MAX_BODY_BYTES = env.integer("MAX_BODY_BYTES", default=1_000_000, at_least=10_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
# Files of forms beyond 2.5 MB lie on disk without a name: what people say must not stay there when a process is killed.
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "jobs.api.nameless.NamelessFiles",
]
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
# Of one owner, all that is kept at a time: forty of the largest, so that nobody fills the disk alone; and as many notes
# of a minute as a long day has minutes, since each is a row and a file of its own.
UPLOAD_OWNER_BYTES = env.integer("UPLOAD_OWNER_BYTES", default=2_000_000_000, at_least=100_000)
UPLOAD_OWNER_FILES = env.integer("UPLOAD_OWNER_FILES", default=1_000, at_least=1)
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
# Where a recording came within this, each worker opens the model while it has nothing to do, and holds 0.25 GB: the
# first recording after a start would wait for it, 0.4 to 2 s. 0 leaves it to the first recording of each worker.
TRANSCRIPTION_READY_SECONDS = env.integer("TRANSCRIPTION_READY_SECONDS", default=86_400, at_least=0)

# --- Practice -------------------------------------------------------------------------
# A recording of one sentence, decoded: two minutes are 400 moras read slowly, and 8 MB of samples; the engine takes
# no more. Decoding stops there, whatever the file says of itself.
PRACTICE_MAX_SECONDS = env.integer("PRACTICE_MAX_SECONDS", default=120, at_least=1, at_most=120)
# Up to here a learner waits for the scores: some 3 s of a worker of the interactive queue.
PRACTICE_INTERACTIVE_SECONDS = env.integer("PRACTICE_INTERACTIVE_SECONDS", default=30, at_least=0)
# For so long after a recording of a language idle workers hold open what judges it; 0: never.
PRACTICE_READY_SECONDS = env.integer("PRACTICE_READY_SECONDS", default=86_400, at_least=0)
# Files without content whose times say when each language was practised on this machine.
PRACTICE_MARKS = HOME / "practice"
# A session is an hour of practice; its page shows all of its records.
PRACTICE_SESSION_RECORDS = env.integer("PRACTICE_SESSION_RECORDS", default=200, at_least=1)
# Rows are small, but they must have an end.
PRACTICE_OWNER_SESSIONS = env.integer("PRACTICE_OWNER_SESSIONS", default=1_000, at_least=1)
# Of one owner, all that is kept at a time, so that nobody fills the disk alone.
PRACTICE_OWNER_BYTES = env.integer("PRACTICE_OWNER_BYTES", default=2_000_000_000, at_least=100_000)
# A voice is kept no longer than it is of use: a term of lessons to listen back to. The scores stay with the record.
RECORDINGS_DAYS = env.integer("RECORDINGS_DAYS", default=120, at_least=1, at_most=3650)
# A service that judges pronunciation in the place of the house's own engine, which then answers only when it does not.
# Recordings leave the house for it. An analysis ends with the function's 180 s, and ours must still have its turn.
PRONUNCIATION_BASE_URL = env.url("PRONUNCIATION_BASE_URL", default="", schemes=("https", "http"))
PRONUNCIATION_API_KEY = env.text("PRONUNCIATION_API_KEY")
PRONUNCIATION_SECONDS = env.integer("PRONUNCIATION_SECONDS", default=60, at_least=1, at_most=120)
# Keys for recordings, comma separated, the newest first; without any they are derived from SECRET_KEY. An old one stays
# in the list until `manage.py reencrypt_recordings` has nothing left to do.
RECORDINGS_KEYS = env.secrets("RECORDINGS_KEY", at_least_characters=32)

# --- Menu pictures ------------------------------------------------------------------------
# Off: nothing is drawn, and whoever asks is told so with 503.
IMAGE_GENERATION_ENABLED = env.flag("IMAGE_GENERATION_ENABLED", default=True)
# Off: the routes under /image draw in the web process, one job at a time, whether or not there is a queue.
ASYNC_IMAGE_ENABLED = env.flag("ASYNC_IMAGE_ENABLED", default=True)
# Off: no service is asked, even with a key; the house draws illustrations itself.
USE_REAL_IMAGE_GENERATION = env.flag("USE_REAL_IMAGE_GENERATION", default=True)
# Dishes of one chunk, which are drawn side by side and tried again together.
IMAGE_PROCESSING_CHUNK_SIZE = env.integer("IMAGE_PROCESSING_CHUNK_SIZE", default=3, at_least=1, at_most=100)
# Chunks of one job at the same time; others of the house find workers beside it.
IMAGE_CONCURRENT_CHUNK_LIMIT = env.integer("IMAGE_CONCURRENT_CHUNK_LIMIT", default=3, at_least=1, at_most=1000)
# Calls to services in flight, in the whole house: what their rate limits bear.
MAX_IMAGE_WORKERS = env.integer("MAX_IMAGE_WORKERS", default=3, at_least=1, at_most=1000)
# In seconds, of a whole job, counted from its acceptance: dishes that still wait then have failed.
IMAGE_JOB_TIMEOUT = env.integer("IMAGE_JOB_TIMEOUT", default=1800, at_least=1, at_most=86_400)
# Dishes of one menu: at 10 s a picture and three at once, 540 are drawn before IMAGE_JOB_TIMEOUT.
IMAGE_MAX_ITEMS = env.integer("IMAGE_MAX_ITEMS", default=500, at_least=1, at_most=100_000)
# Menus of one request, which are accepted together.
IMAGE_MAX_MENUS = env.integer("IMAGE_MAX_MENUS", default=20, at_least=1, at_most=1000)
# Of a dish in either language, and of a category; a column holds 1,000.
IMAGE_MAX_NAME_CHARACTERS = env.integer("IMAGE_MAX_NAME_CHARACTERS", default=200, at_least=1, at_most=1000)
# Of the words below a dish; services cut longer prompts.
IMAGE_MAX_DESCRIPTION_CHARACTERS = env.integer("IMAGE_MAX_DESCRIPTION_CHARACTERS", default=2000, at_least=1)
# Dishes of a job that the web process draws when the queue is away: it has pages to serve too.
IMAGE_SYNC_MAX_ITEMS = env.integer("IMAGE_SYNC_MAX_ITEMS", default=60, at_least=0)
# With a key, dishes are drawn by Gemini's image models first; GEMINI_VERTEX: the key is one of Vertex in express mode,
# GEMINI_PROJECT: no key is needed, google-auth finds the credentials of this machine.
GEMINI_API_KEY = env.text("GEMINI_API_KEY")
GEMINI_API_BASE = env.url("GEMINI_API_BASE", default="", schemes=("http", "https")).rstrip("/")
GEMINI_IMAGE_MODEL = env.text("GEMINI_IMAGE_MODEL", default="gemini-3.1-flash-image")
GEMINI_VERTEX = env.flag("GEMINI_VERTEX", default=False)
GEMINI_PROJECT = env.text("GEMINI_PROJECT")
GEMINI_LOCATION = env.text("GEMINI_LOCATION")
# With this name and OPENAI_API_KEY, an OpenAI-compatible service is asked after Gemini.
OPENAI_IMAGE_MODEL = env.text("OPENAI_IMAGE_MODEL")
# A call to a service is over after this; a picture takes 5 to 60 s.
IMAGE_CALL_SECONDS = env.integer("IMAGE_CALL_SECONDS", default=100, at_least=1, at_most=110)
# Width and height of what services draw; Gemini bills by it: up to 1024 as 1K, above as 2K. Larger ones take 5 MB each.
IMAGE_PIXELS = env.integer("IMAGE_PIXELS", default=1024, at_least=256, at_most=2048)
# What one picture costs, where it is not Gemini's list price: `gpt-image-1=0.042, gpt-image-1/1024x1024=0.042`.
IMAGE_PRICES_USD = env.prices("IMAGE_PRICES_USD")

# --- OpenAI-compatible services -----------------------------------------------------------
# With a key, the voices `openai_...` can be asked for, and TRANSCRIPTION_MODELS may hold `openai/MODEL`; nothing leaves
# the house unless one of them is asked for, or stands first.
OPENAI_API_KEY = env.text("OPENAI_API_KEY")
OPENAI_BASE_URL = env.url("OPENAI_BASE_URL", default="", schemes=("http", "https")).rstrip("/")
OPENAI_SPEECH_MODEL = env.text("OPENAI_SPEECH_MODEL", default="tts-1")

# --- Weather --------------------------------------------------------------------------
# Other addresses than the providers' own: a service of one's own with their protocol, or the stand-in of the tests.
# Open-Meteo, asked first:
WEATHER_API_BASE = env.url("WEATHER_API_BASE", default="", schemes=("http", "https")).rstrip("/")
# Japan's meteorological agency, asked second, for places in Japan:
WEATHER_JMA_BASE = env.url("WEATHER_JMA_BASE", default="", schemes=("http", "https")).rstrip("/")

# --- Discord --------------------------------------------------------------------------
DISCORD_TOKEN = env.text("DISCORD_TOKEN")
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
TELEGRAM_TOKEN = env.text("TELEGRAM_TOKEN")
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
    # Keys, region and another endpoint come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and
    # AWS_ENDPOINT_URL_S3; the times of its calls and their reasons stand in the class.
    bucket, _slash, prefix = STORAGE_URL.removeprefix("s3://").partition("/")
    if not bucket:
        raise env.BadValue("STORAGE_URL", "s3://BUCKET or s3://BUCKET/PREFIX")
    file_storage: dict[str, Any] = {
        "BACKEND": "jobs.runtime.storage.bucket.BucketStorage",
        "OPTIONS": {"bucket_name": bucket, "location": prefix.strip("/")},
    }
else:
    if not STORAGE_URL.startswith("file:///"):
        # Below wherever a process was started, each would find other files.
        raise env.BadValue("STORAGE_URL", "file:///PATH, with three slashes, or s3://BUCKET/PREFIX")
    file_storage = {
        "BACKEND": "jobs.runtime.storage.disk.DiskStorage",
        "OPTIONS": {"location": STORAGE_URL.removeprefix("file://")},
    }
STORAGES = {
    "default": file_storage,
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

# --- Limits -----------------------------------------------------------------------------------
# So much at once, and as much again evenly over each minute; 0 for no limit. A program in a loop is stopped, a person
# and an honest client never are. Each is counted for all web processes together, and an IPv6 address by its /64.
# Requests that only look. Of one token: a hundred screens that ask once a second.
THROTTLE_TOKEN_READS_PER_MINUTE = env.integer("THROTTLE_TOKEN_READS_PER_MINUTE", default=6_000, at_least=0)
# Requests that change something, an invocation first of all: a thousand come at once, and two workers end some
# 100 a second.
THROTTLE_TOKEN_SUBMISSIONS_PER_MINUTE = env.integer("THROTTLE_TOKEN_SUBMISSIONS_PER_MINUTE", default=3_000, at_least=0)
# Twice a token's: one that runs wild leaves its owner's others, and their pages, as much.
THROTTLE_USER_READS_PER_MINUTE = env.integer("THROTTLE_USER_READS_PER_MINUTE", default=12_000, at_least=0)
THROTTLE_USER_SUBMISSIONS_PER_MINUTE = env.integer("THROTTLE_USER_SUBMISSIONS_PER_MINUTE", default=6_000, at_least=0)
# Requests that bring a file, each of which is decoded: a lesson's recordings are sent together, 200 of them.
THROTTLE_USER_UPLOADS_PER_MINUTE = env.integer("THROTTLE_USER_UPLOADS_PER_MINUTE", default=600, at_least=0)
# An office, or a proxy that TRUSTED_PROXIES does not name, is one address: five tokens at their limit fit.
THROTTLE_ADDRESS_READS_PER_MINUTE = env.integer("THROTTLE_ADDRESS_READS_PER_MINUTE", default=30_000, at_least=0)
THROTTLE_ADDRESS_SUBMISSIONS_PER_MINUTE = env.integer(
    "THROTTLE_ADDRESS_SUBMISSIONS_PER_MINUTE", default=15_000, at_least=0
)
# Tokens that nobody holds. A program with a wrong one fails at once; 256 bits are not found by trying, but each guess
# costs the database a look, and from here on it costs nothing. Tokens that were good lately still open.
THROTTLE_ADDRESS_FAILED_TOKENS_PER_MINUTE = env.integer(
    "THROTTLE_ADDRESS_FAILED_TOKENS_PER_MINUTE", default=60, at_least=0
)
# Passwords typed, right or wrong: an office that comes to work; each costs the processor 0.2 s on purpose.
THROTTLE_ADDRESS_LOGINS_PER_MINUTE = env.integer("THROTTLE_ADDRESS_LOGINS_PER_MINUTE", default=60, at_least=0)
# Announcements through the API: one takes some seconds to say, so more would only wait.
THROTTLE_GUILD_ANNOUNCEMENTS_PER_MINUTE = env.integer("THROTTLE_GUILD_ANNOUNCEMENTS_PER_MINUTE", default=60, at_least=0)
# Sockets and event streams that are open at once, of each web process, whose memory they take (some 0.1 MB each): a
# dozen people's tabs, or a program that follows each of its tasks; and an office of them.
USER_OPEN_LINES = env.integer("USER_OPEN_LINES", default=300, at_least=1)
ADDRESS_OPEN_LINES = env.integer("ADDRESS_OPEN_LINES", default=1_000, at_least=1)

# --- Accounts and pages -------------------------------------------------------------------
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# A login of somebody who comes back lasts so long; whoever does not, two weeks at most.
SESSION_DAYS = env.integer("SESSION_DAYS", default=14, at_least=1, at_most=365)
SESSION_COOKIE_AGE = SESSION_DAYS * 86_400
# A second step after the password: codes of an app on the phone. `required`: whoever is staff gets in no other way.
STAFF_TWO_FACTOR = env.choice("STAFF_TWO_FACTOR", default="optional", allowed=("off", "optional", "required"))
SECURE = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
# Taken from trusted proxies only: core/proxies.py removes it from anyone else's request.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = False  # the proxy in front does it; it also talks plain HTTP to the probes
# So `check --deploy` need not ask for it; all else that it says counts.
SILENCED_SYSTEM_CHECKS = ["security.W008"]
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

# --- Metrics --------------------------------------------------------------------------------
# Whoever brings it as a bearer token may read /metrics; without one only this machine may, and nobody with PUBLIC_URL.
METRICS_TOKEN = env.secret("METRICS_TOKEN", at_least_characters=16)
# What paid services may cost in a day (UTC), in US dollars by their list prices; 0 for no limit. Over it they are left
# alone until midnight: pictures are drawn by the house, and say so. A fault that asks again and again ends there.
DAILY_COST_LIMIT = env.amount("DAILY_COST_LIMIT", default=0.0, at_least=0.0)

# --- Traces -----------------------------------------------------------------------------------
# An OpenTelemetry collector (OTLP over HTTP; `/v1/traces` is added) that is told what each request and each attempt
# took; empty: nothing is measured. What else of OTEL_* there is (sampling, queue, timeouts) its SDK reads itself.
OTEL_EXPORTER_OTLP_ENDPOINT = env.url("OTEL_EXPORTER_OTLP_ENDPOINT", default="", schemes=("http", "https"))
if env.flag("OTEL_SDK_DISABLED", default=False):
    OTEL_EXPORTER_OTLP_ENDPOINT = ""
if OTEL_EXPORTER_OTLP_ENDPOINT and not env.has_package("opentelemetry.exporter.otlp.proto.http"):
    raise env.BadValue("OTEL_EXPORTER_OTLP_ENDPOINT", "the packages of the extra `tracing` (uv sync --extra tracing)")
# What the collector asks for, such as `authorization=Bearer%20...`; comma separated, values as in an address.
OTEL_EXPORTER_OTLP_HEADERS = env.headers("OTEL_EXPORTER_OTLP_HEADERS")
OTEL_SERVICE_NAME = env.text("OTEL_SERVICE_NAME", default="koebako")

# --- Logs -----------------------------------------------------------------------------------
LOG_LEVEL = env.choice("LOG_LEVEL", default="info", allowed=("debug", "info", "warning", "error"))
LOG_FORMAT = env.choice("LOG_FORMAT", default="console", allowed=("console", "json"))
LOGGING_CONFIG = "core.logs.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT}
