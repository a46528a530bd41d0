"""The bot in a house whose workers die and whose tasks fail: all is said once and in order. And /skip is silence."""

from collections.abc import Iterator

import pytest

from tests.benchmarks.discord_scene import Scene, wait_idle
from tests.benchmarks.discord_storm import storm, stormy
from tests.flows.house import eventually

STORY = "一回目の長い話です。" + "山のふもとの小さな村に、働き者の若者が住んでいました。" * 3


@pytest.fixture(scope="module")
def rough() -> Iterator[Scene]:
    with stormy() as scene:
        yield scene
    assert scene.house.processes() == [], "processes left behind"


def test_everything_is_said_once_and_in_order_while_workers_die_and_tasks_fail(rough: Scene):
    verdict = storm(rough, guilds=2, messages=30, kills=2, every_seconds=1.0)

    assert (verdict.messages, verdict.unknown, verdict.stuck_guilds) == (60, 0, 0), verdict
    assert (verdict.inversions, verdict.repeats, verdict.unheard, verdict.lost_frames) == (0, 0, 0, 0), verdict
    # What was left out was left out because its task had failed, and nothing else was.
    ends = set(verdict.ends)
    assert "skipped failed" in ends, verdict
    assert ends <= {"played", "merged", "skipped failed"}, verdict
    assert verdict.heard == verdict.ends["played"], verdict
    assert verdict.kills == 2, verdict


def test_a_skip_silences_the_story_that_is_being_read(rough: Scene):
    place = rough.place("飛ばす")
    rough.say(place, STORY)
    eventually(lambda: rough.discord.clips(place.guild), what="the story has begun")

    rough.discord.slash(place.people[0], "skip", channel=place.chat)

    clips = wait_idle(rough.discord, place.guild)
    [row] = rough.wait_at_rest(place, seconds=20)
    assert (row.state, row.reason) == ("skipped", "skip")
    # The story lasts 15 s and more; what was heard of it ended with the skip.
    assert sum(clip.seconds for clip in clips) < 10
