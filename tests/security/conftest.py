"""The house of the tests: everybody who tries, and everything that is somebody's."""

from dataclasses import dataclass
from typing import Any

import pytest
import redis
from django.conf import settings as house
from django.contrib.auth.models import User

from tests.security import cast
from tests.security.cast import Role, Things


@dataclass(frozen=True)
class World:
    roles: list[Role]
    hers: Things
    his: Things
    nobodys: Things

    def role(self, name: str) -> Role:
        return next(role for role in self.roles if role.name == name)


def without_limits(settings: Any) -> None:
    """How often somebody may ask has tests of its own."""
    for name in dir(house):
        if name.startswith("THROTTLE_") and name.endswith("_PER_MINUTE"):
            setattr(settings, name, 0)


@pytest.fixture
def world(db: None, valkey: redis.Redis, settings: Any, owner: User, stranger: User) -> World:
    settings.PRODUCTION = False
    without_limits(settings)
    settings.JWT_SECRET, settings.JWT_ISSUER, settings.JWT_AUDIENCE = *cast.JWT.values(), "koebako"
    common = cast.house(owner)
    hers, his = cast.things_of(owner), cast.things_of(stranger)
    nobodys = cast.nothing(Things(owner, {**hers.ids, **common}))
    hers.ids.update(common)
    his.ids.update(common)
    return World(cast.roles(owner, stranger), hers, his, nobodys)
