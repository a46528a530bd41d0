"""Django's admin application with the house's own site; apart from apps.py, which Django reads for `core` itself."""

from django.contrib.admin.apps import AdminConfig


class AdminSite(AdminConfig):
    default_site = "core.admin.Site"
