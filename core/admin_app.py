"""Django's admin application with the house's own site; apart from apps.py, which Django reads for `core` itself."""

from django.contrib.admin.apps import SimpleAdminConfig


class AdminSite(SimpleAdminConfig):
    # Not found by itself but by urls.py: only the web process needs the pages, and they cost
    # every other one 0.4 s and 9 MB.
    default_site = "core.admin.Site"
