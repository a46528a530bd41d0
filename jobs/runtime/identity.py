"""Task ids: UUIDs that sort by the moment they were made.

Ordered ids keep inserts at the end of the index however many rows there are, and let
Redis break ties between equal scores by age.
"""

import os
import time
import uuid


def new_task_id() -> uuid.UUID:
    """
    Return a UUID of version 7: 48 bits of Unix milliseconds, 12 of the rest of the millisecond, 62 random.

    Source: RFC 9562, section 5.7 and method 3 of section 6.2.
    """
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = rest * 4096 // 1_000_000
    random_bits = int.from_bytes(os.urandom(8), "big") & (2**62 - 1)
    value = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random_bits
    return uuid.UUID(int=value)


def age_seconds(task_id: uuid.UUID) -> float:
    """Return how long ago an id was made, by this machine's clock; at least 0."""
    return max(0.0, time.time() - (task_id.int >> 80) / 1000)
