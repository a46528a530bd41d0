"""The delivery room's admin: deliveries with their attempts, endpoints, receivers."""

from jobs.delivery.admin import deliveries, places

__all__ = ["deliveries", "places"]
