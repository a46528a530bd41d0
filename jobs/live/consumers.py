"""The sockets: one task for whoever may see it, all tasks for staff, their own for a person.

A socket only speaks; the one thing it hears is a token. Close codes: 1000 after the final
state, 4401 without or with a bad way to say who one is, 4404 for what does not exist or may
not be seen (alike), 4429 for too many sockets, or too many opened at once, by one person or address: come back after a
minute; 1009 for a message too long, 1008 for too many of them.

What goes to one reader is bounded: watch.py keeps only the newest message per task, and daphne
closes a socket that does not answer its pings (`ping_timeout`).
"""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, TypeVar
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from jobs.access import addresses, throttle
from jobs.access.guesses import TooManyGuesses
from jobs.access.links import PARAMETER
from jobs.access.open_lines import Place, TooManyLines
from jobs.live import groups
from jobs.live.second_step import is_enough
from jobs.live.viewers import LinkHolder, LoggedIn, TokenHolder, Viewer
from jobs.live.watch import Gone, follow, read_end, watch

logger = logging.getLogger(__name__)

Seen = TypeVar("Seen")

DONE, TOO_MANY, TOO_LONG, BROKEN = 1000, 1008, 1009, 1011
UNKNOWN_CALLER, NOT_FOUND, TOO_FAST = 4401, 4404, 4429

# How long an anonymous socket may take to send its token.
TOKEN_SECONDS = 5.0
# A token message has some 70 bytes.
MAX_MESSAGE_CHARACTERS = 4096
# Clients have nothing to say; some libraries send pings of their own, one every few seconds.
MAX_MESSAGES = 1000


class ClientLeft(Exception):
    """The connection was gone when we wanted to speak. The server tells us so by itself, a moment later."""


class Socket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """A socket whose work is one coroutine, `serve()`, that runs until the client leaves."""

    # Channels would open a channel of its own for each consumer; watch.py listens by itself.
    channel_layer_alias = "none"
    # False: `serve()` accepts, once it hears what it is to tell of.
    accepts_at_once = True

    async def connect(self) -> None:
        if self.accepts_at_once:
            await self.accept()
        self._heard = 0
        self._first_message: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._work = asyncio.create_task(self._run())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        self._heard += 1
        if len(text_data or bytes_data or "") > MAX_MESSAGE_CHARACTERS:
            await self.close(TOO_LONG)
        elif self._heard > MAX_MESSAGES:
            await self.close(TOO_MANY)
        elif not self._first_message.done():
            self._first_message.set_result(text_data or "")

    async def disconnect(self, code: int) -> None:
        self._work.cancel()
        await asyncio.wait([self._work])

    async def serve(self) -> int:
        """Speak; return the close code when there is no more to say."""
        raise NotImplementedError

    async def say(self, message: Any) -> None:
        text = json.dumps(message, ensure_ascii=False)
        try:
            await self.send(text)
        except Exception as error:
            # Each server has its own error for it (daphne: autobahn's Disconnected); there is no other reason.
            raise ClientLeft from error

    def logged_in(self) -> LoggedIn | None:
        user = self.scope.get("user")
        if user is None or not user.is_authenticated or not is_enough(user, self.scope["session"]):
            return None
        return LoggedIn(user.pk, self.scope["session"].session_key or "")

    def address(self) -> str:
        """Return whom the line counts against; core/proxies.py has put the caller in the place of a proxy."""
        return addresses.network_of((self.scope.get("client") or ("", 0))[0])

    async def _enter(self) -> None:
        """Take a place for this line. Raises TooManyLines."""
        address = self.address()
        self.place.of_address(address)
        if (viewer := self.logged_in()) is not None:
            self.place.of_user(viewer.user_id)
        if throttle.refused([("address_reads", address)]):
            raise TooManyLines
        # In a thread: it asks Redis.
        verdict = await asyncio.to_thread(throttle.allow, "address_reads", address)
        if not verdict.allowed:
            raise TooManyLines

    async def _run(self) -> None:
        self.place = Place()
        try:
            await self._work_in_place()
        finally:
            self.place.leave()

    async def _work_in_place(self) -> None:
        try:
            await self._enter()
            code = await self.serve()
        except ClientLeft:
            return
        except Gone:
            code = NOT_FOUND
        except (TooManyLines, TooManyGuesses):
            code = TOO_FAST
            if not self.accepts_at_once:
                # Only a line that was accepted can carry a close code.
                await self.accept()
        except Exception:
            logger.exception("a socket's work failed")
            code = BROKEN
        await self.close(code)


class TaskSocket(Socket):
    """One task: a snapshot at once, then each change, until its end."""

    async def serve(self) -> int:
        task_id: UUID = self.scope["url_route"]["kwargs"]["task_id"]
        viewer, end = await self.arrive(lambda viewer: read_end(task_id, viewer.may_see))
        if viewer is None:
            return UNKNOWN_CALLER
        if end is not None:
            # Nothing more will be said of it, so nobody need listen.
            await self.say(end)
            return DONE
        async with aclosing(watch(task_id, may_see=viewer.may_see)) as changes:
            async for change in changes:
                if change is not None:
                    await self.say(change)
        return DONE

    async def arrive(self, look: Callable[[Viewer], Seen]) -> tuple[Viewer | None, Seen | None]:
        """
        Return who it is, None for nobody, and what they see at first.

        Both in one step in the thread, with one connection to the database, which takes longer than what is asked of
        it: after a restart of a router everybody comes at once. Raises what `look` raises, and TooManyGuesses,
        TooManyLines.
        """
        viewer = await self._viewer()
        if viewer is None:
            return None, None
        address = self.address()

        def both() -> tuple[int | None, Seen | None]:
            if not isinstance(viewer, TokenHolder):
                return None, look(viewer)
            user_id = viewer.user_id(address=address)
            return user_id, None if user_id is None else look(viewer)

        user_id, seen = await database_sync_to_async(both)()
        if isinstance(viewer, TokenHolder):
            if user_id is None:
                return None, None
            self.place.of_user(user_id)
        return viewer, seen

    async def _viewer(self) -> Viewer | None:
        """Return as whom they come; a token is not looked up yet."""
        # A link first: it opens its task whoever holds it, also for somebody else's login.
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"), max_num_fields=20)
        if PARAMETER in query:
            return LinkHolder(query[PARAMETER][0])
        return self.logged_in() or await self._token_holder()

    async def _token_holder(self) -> TokenHolder | None:
        try:
            async with asyncio.timeout(TOKEN_SECONDS):
                first = await self._first_message
            secret = json.loads(first)["token"]
        except (TimeoutError, ValueError, TypeError, KeyError, RecursionError):
            return None
        return TokenHolder(secret) if isinstance(secret, str) else None


class GroupSocket(Socket):
    """
    The changes of a group of tasks: the message of a task, one a frame. Open means: it listens.

    A flood is thinned: 25 messages each quarter of a second, of each task the newest; of more
    than 500 tasks that wait at once the oldest are left out.
    """

    accepts_at_once = False

    async def tell(self, group: str, *, may_follow: Callable[[], bool]) -> int:
        async with aclosing(follow(group, may_follow=may_follow)) as batches:
            await anext(batches)
            await self.accept()
            async for batch in batches:
                for message in batch:
                    await self.say(message)
        return DONE

    async def refuse(self) -> int:
        # Only a line that was accepted can carry a close code.
        await self.accept()
        return UNKNOWN_CALLER


class StaffSocket(GroupSocket):
    """Every task's changes, for staff with `jobs.view_task`."""

    async def serve(self) -> int:
        viewer = self.logged_in()
        if viewer is None or not await database_sync_to_async(viewer.has_permission)("jobs.view_task"):
            return await self.refuse()
        return await self.tell(groups.STAFF, may_follow=lambda: viewer.has_permission("jobs.view_task"))

    async def say(self, message: Any) -> None:
        """Say that a task failed and how, not with which words: those may hold what somebody sent."""
        if isinstance(message, dict) and isinstance(message.get("error"), dict):
            message = {**message, "error": {**message["error"], "message": ""}}
        await super().say(message)


class OwnSocket(GroupSocket):
    """The changes of a logged-in person's own tasks, for the list on the home page."""

    async def serve(self) -> int:
        viewer = self.logged_in()
        if viewer is None:
            return await self.refuse()
        return await self.tell(groups.of_owner(viewer.user_id), may_follow=viewer.is_active)


class NoSocket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Any other address: closed like a task that does not exist, where Channels would log a traceback."""

    channel_layer_alias = "none"

    async def connect(self) -> None:
        await self.accept()
        await self.close(NOT_FOUND)
