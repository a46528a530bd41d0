from jobs.delivery.models.delivery import Attempt, Delivery, State
from jobs.delivery.models.endpoint import Endpoint, OwnerSecret
from jobs.delivery.models.receiver import Receiver
from jobs.delivery.models.wish import Wish

__all__ = ["Attempt", "Delivery", "Endpoint", "OwnerSecret", "Receiver", "State", "Wish"]
