"""Words of unfold's own templates, which come without translations; listed so that ours are found for them.

Nothing imports this: the extraction of texts reads it.
"""

from django.utils.translation import gettext_noop as _

WORDS = (
    _("All applications"),
    _("Apply Filters"),
    _("Filters"),
    _("From"),
    _("Go back"),
    _("Loading more results..."),
    _("More actions"),
    _("No recent searches"),
    _("No results matching your query"),
    _("Recent searches"),
    _("Reset filters"),
    _("Return to site"),
    _("Run"),
    _("Search apps and models..."),
    _("Select Record"),
    _("Select action"),
    _("Select all rows"),
    _("Select record"),
    _("Select value"),
    _("To"),
    _("Toggle password visibility"),
    _("Type to search"),
    _("Welcome back to"),
    # The switch of its colours.
    _("Dark"),
    _("Light"),
    _("System"),
    # Of its form for a person's password.
    _(
        "Raw passwords are not stored, so there is no way to see this user’s password, but you can change the "
        'password using <a href="{}" class="text-primary-600 dark:text-primary-500">this form</a>.'
    ),
)
