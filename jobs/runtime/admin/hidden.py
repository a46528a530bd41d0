"""django-q2's own pages are for nobody: they name tasks by random words and edit what our schedules own.

Registered by its admin module, which is loaded here first, and taken out again; there is
no page left whose address could be guessed.
"""

import django_q.admin  # noqa: F401 - registers what is taken out below
from django.contrib import admin

for model in [model for model in admin.site._registry if model._meta.app_label == "django_q"]:
    admin.site.unregister(model)
