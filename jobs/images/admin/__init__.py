"""The pictures' admin: jobs with their dishes, pictures, and what providers made of them day by day."""

from jobs.images.admin import jobs, pictures

__all__ = ["jobs", "pictures"]
