"""Who holds what stands behind `Bearer`: an API token of ours, or a JWT of another system.

Called by the API's and the sockets' doors.
"""

from jobs.access import jwt, tokens
from jobs.access.caller import Caller


def verify(secret: str) -> Caller | None:
    """Return who holds `secret`, None for nobody. Raises KeysUnreachable."""
    return tokens.verify(secret) if secret.startswith("koe_") else jwt.verify(secret)
