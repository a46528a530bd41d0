"""The admin in a real browser, for the guilds' pages of it."""

from tests.runtime.admin_browser import chromium, cookies, house, open_page  # noqa: F401 - fixtures
