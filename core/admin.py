"""The admin site of the house, on django-unfold."""

from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite


class Site(UnfoldAdminSite):
    site_title = site_header = "声箱 Koebako"
    index_title = _("Control room")
    site_url = "/"
