"""The rows of menu pictures: a job, and one row for each dish."""

from jobs.images.models.job import ImageJob, Mode
from jobs.images.models.picture import MenuImage, PictureStatus

__all__ = ["ImageJob", "MenuImage", "Mode", "PictureStatus"]
