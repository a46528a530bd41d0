"""The bot in a real house, beside a stand-in for Discord that speaks its real protocol: what people hear."""

import json
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from jobs.engines.speech.packets import OpusPackets
from tests.discord_service.client import Channel, Discord, Guild, Sent, User
from tests.discord_service.hearing import Recognised
from tests.discord_service.service import DiscordService
from tests.faults import rows
from tests.flows.house import ROOT, Stack, eventually, kill_all

TEN = [
    ("花子", "おはようございます"),
    ("太郎", "おはよう。今日は寒いですね"),
    ("花子", "本当に。雪が降りそうです"),
    ("次郎", "電車が遅れています"),
    ("太郎", "えっ、どの路線ですか"),
    ("次郎", "中央線です"),
    ("次郎", "三十分くらい"),
    ("花子", "では先に始めましょう"),
    ("太郎", "了解です"),
    ("次郎", "すぐ行きます"),
]


@pytest.fixture(scope="module")
def discord() -> Iterator[Discord]:
    with DiscordService() as service:
        yield service


@pytest.fixture(scope="module")
def house(discord: Discord, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("home"), DISCORD_ALONE_SECONDS="2", **discord.environment())
    stack.start(bots=True)
    discord.wait_connected()
    eventually(discord.commands, what="the slash commands are registered")
    yield stack
    stack.stop()
    assert stack.processes() == [], "processes left behind"


class Place:
    """A guild with three people in its voice channel, and the bot."""

    def __init__(self, discord: Discord, house: Stack, name: str) -> None:
        self.discord, self.house = discord, house
        self.guild: Guild = discord.add_guild(name, text=["chat", "other"], voice=["lounge", "den"])
        self.users: dict[str, User] = {who: discord.add_user(who) for who in ("花子", "太郎", "次郎")}
        for user in self.users.values():
            discord.enter(user, self.guild["lounge"])

    @property
    def chat(self) -> Channel:
        return self.guild["chat"]

    def join(self) -> None:
        self.discord.slash(self.users["花子"], "join", channel=self.chat)
        self.discord.wait_in_voice(self.guild)

    def say(self, text: str, *, who: str = "花子") -> Sent:
        return self.discord.say(self.users[who], self.chat, text)

    def utterances(self) -> list[dict]:
        sql = (
            "SELECT message_id, state, reason, task_id, text FROM guilds_utterance "
            f"WHERE guild_id = {self.guild.id} ORDER BY position"
        )
        found = rows.read(self.house.home, self.house.database_url, sql)
        return [dict(zip(("message", "state", "reason", "task", "text"), row, strict=True)) for row in found]

    def at_rest(self, count: int) -> list[dict]:
        """Return the guild's utterances, at least `count`, once all of them have ended."""

        def ended() -> list[dict] | None:
            found = self.utterances()
            open_ones = [one for one in found if one["state"] in ("waiting", "playing")]
            return found if len(found) >= count and not open_ones else None

        return eventually(ended, what=f"{count} utterances have ended")

    def sessions(self) -> list[int]:
        """Return the voice channel the bot should be in, if any."""
        sql = f"SELECT voice_channel_id FROM guilds_voicesession WHERE guild_id = {self.guild.id}"
        return [row[0] for row in rows.read(self.house.home, self.house.database_url, sql)]

    def sounds(self) -> dict[str, list[bytes]]:
        """Return the packets that workers made for this guild, by the text they are of."""
        sql = (
            "SELECT t.inputs, a.file FROM guilds_utterance u JOIN jobs_task t ON t.id = u.task_id "
            f"JOIN jobs_artifact a ON a.task_id = t.id WHERE u.guild_id = {self.guild.id}"
        )
        found = {}
        for inputs, file in rows.read(self.house.home, self.house.database_url, sql):
            text = (json.loads(inputs) if isinstance(inputs, str) else inputs)["text"]
            found[text] = OpusPackets().feed((self.house.home / "media" / file).read_bytes())
        return found

    def heard(self) -> list[Recognised]:
        """Return what was heard, in order, recognised by the workers' packets."""
        return self.discord.heard(self.guild).recognise(self.sounds())

    def heard_all(self, texts: list[str]) -> list[Recognised]:
        """Return what was heard once the last of `texts` was heard to its end."""

        def there() -> list[Recognised] | None:
            found = self.heard()
            return found if found and found[-1].name.endswith(texts[-1]) and found[-1].missing == 0 else None

        return eventually(there, what=f"{texts[-1]!r} is heard")


@pytest.fixture
def place(discord: Discord, house: Stack, request: pytest.FixtureRequest) -> Iterator[Place]:
    place = Place(discord, house, request.node.name[:60])
    yield place
    discord.slash(place.users["花子"], "leave", channel=place.chat)


def bot(house: Stack) -> psutil.Process:
    return psutil.Process(house.pids()["discord"][0])


def test_ten_messages_of_three_people_are_heard_in_order(place: Place):
    place.join()

    for who, text in TEN:
        place.say(text, who=who)
    found = place.at_rest(10)
    heard = place.heard_all([TEN[-1][1]])

    assert all(one["state"] in ("played", "merged") for one in found)
    assert {one["text"] for one in found} == {""}
    # A crowd is said in fewer breaths; what is said comes in order and whole.
    said = "\n".join(one.name for one in heard)
    places = [said.index(text) for _who, text in TEN]
    assert places == sorted(places)
    assert all(one.is_whole for one in heard)
    counts = place.discord.voice_counts(place.guild)
    assert (counts["lost"], counts["bad"]) == (0, 0)
    clips = place.discord.clips(place.guild)
    assert all(clip.is_end_to_end for clip in clips)
    # mei_normal, five semitones down: 250 to 300 Hz here; a wrong rate or key would leave that.
    assert all(200 < clip.pitch() < 350 for clip in clips)


def test_a_name_is_said_when_the_speaker_changes_and_the_dictionary_is_used(place: Place):
    place.discord.slash(place.users["花子"], "dict add", channel=place.chat, word="声箱", reading="こえばこ")
    place.join()

    place.say("声箱です")
    place.say("よろしく")
    heard = place.heard_all(["よろしく"])

    assert [one.name for one in heard] == ["花子さん、こえばこです", "よろしく"]


def test_a_member_is_read_with_the_voice_of_their_choice(place: Place):
    place.join()
    place.discord.slash(place.users["太郎"], "voice", channel=place.chat, pitch=5.0)

    place.say("おはようございます")
    place.say("おはようございます。", who="太郎")
    place.heard_all(["おはようございます。"])

    low, high = place.discord.wait_clips(place.guild, 2)
    # Ten semitones between them: a factor of 1.78.
    assert 1.6 < high.pitch() / low.pitch() < 2.0


def test_other_channels_bots_and_who_opted_out_are_not_read(place: Place):
    place.join()
    robot = place.discord.add_user("robot", bot=True)
    place.discord.slash(place.users["次郎"], "optout", channel=place.chat)

    place.discord.say(place.users["花子"], place.guild["other"], "ほかの部屋")
    place.discord.say(robot, place.chat, "機械です")
    place.say("読まないでください", who="次郎")
    place.say("これだけ読みます")
    heard = place.heard_all(["これだけ読みます"])

    assert [one.name for one in heard] == ["花子さん、これだけ読みます"]
    assert len(place.utterances()) == 1


def test_skip_silences_at_once_and_the_next_is_heard(place: Place):
    place.join()
    long = "これはとても長い文です。" * 11
    place.say(long)
    eventually(lambda: place.discord.heard(place.guild).clips(), what="the long one is heard")

    place.discord.slash(place.users["花子"], "skip", channel=place.chat)
    place.say("次です")
    place.heard_all(["次です"])

    # More than one of it when a part of it came late.
    *parts, _next = place.discord.wait_clips(place.guild, 2)
    # Eleven sentences take some 20 s.
    assert 0 < sum(part.seconds for part in parts) < 15
    assert [one["reason"] for one in place.at_rest(2)] == ["skip", ""]


def test_an_edited_message_is_said_as_it_is_now_with_its_authors_name(place: Place):
    place.join()
    place.say("これはとても長い文です。" * 4)
    edited = place.say("まちがい", who="太郎")
    eventually(lambda: len(place.utterances()) == 2, what="both are stored")

    place.discord.edit(edited, "ただしい")
    found = place.heard_all(["ただしい"])

    assert found[-1].name == "太郎さん、ただしい"
    assert not any("まちがい" in one.name for one in found)


def test_a_deleted_message_is_not_heard_to_its_end(place: Place):
    place.join()
    sent = place.say("これはとても長い文です。" * 8)
    eventually(lambda: place.discord.heard(place.guild).clips(), what="the long one is heard")

    place.discord.delete(sent)

    assert [one["reason"] for one in place.at_rest(1)] == ["deleted"]


def test_bot_and_worker_are_killed_in_the_middle_and_nothing_is_heard_twice(place: Place, house: Stack):
    place.join()
    texts = [f"{number}番目の言葉です" for number in range(1, 9)]

    for number, text in enumerate(texts):
        place.say(text, who=["花子", "太郎", "次郎"][number % 3])
    # Sentences begin with the same silence: of so many packets it is known which one it is.
    eventually(lambda: any(one.heard >= 25 for one in place.heard()), what="the first is heard")
    kill_all(house.workers())
    before = bot(house)
    before.kill()
    eventually(lambda: house.pids().get("discord", [before.pid]) != [before.pid], what="the bot is started again")
    found = place.at_rest(8)

    # What was being said when the bot died is not said again; everything else is.
    assert sum(one["reason"] == "restart" for one in found) <= 1
    assert all(one["state"] in ("played", "merged") or one["reason"] == "restart" for one in found)
    heard = [one.name for one in place.heard()]
    assert len(heard) == len(set(heard))
    said = "\n".join(heard)
    places = [said.index(text) for text, one in zip(texts, found, strict=True) if one["state"] in ("played", "merged")]
    assert places == sorted(places)
    # Nothing leaves before the call's group has taken the new bot in.
    assert all(clip.is_end_to_end for clip in place.discord.clips(place.guild))


def test_a_restarted_bot_comes_back_where_people_are_and_nowhere_else(place: Place, house: Stack, discord: Discord):
    deserted = Place(discord, house, "deserted")
    for each in (place, deserted):
        each.join()
    before = bot(house)
    for user in deserted.users.values():
        discord.leave(user, deserted.guild)

    before.kill()
    before.wait()
    # Nobody hears this one live: it is read from the channel's history.
    place.say("だれもいない間に")
    eventually(lambda: not deserted.sessions(), what="the session without listeners ends")
    place.say("ただいま")

    assert [one.name for one in place.heard_all(["ただいま"])] == ["花子さん、だれもいない間に", "ただいま"]
    assert place.sessions()


@pytest.mark.parametrize("code", [4006, 4009, 4015, 4014])
def test_a_broken_voice_connection_is_made_anew(place: Place, code: int):
    place.join()
    place.say("こわれる前")
    place.heard_all(["こわれる前"])

    place.discord.close_voice(place.guild, code)
    place.say("こわれた後", who="太郎")

    assert place.heard_all(["こわれた後"])
    assert all(clip.is_end_to_end for clip in place.discord.clips(place.guild))


def test_a_kicked_bot_stays_away_until_it_is_asked(place: Place):
    place.join()

    place.discord.kick_bot(place.guild)
    eventually(lambda: not place.sessions(), what="the session has ended")

    assert str(place.guild.id) not in place.discord.state()["bot_in"]
    place.join()
    place.say("また来ました")
    assert place.heard_all(["また来ました"])


def test_a_moved_bot_speaks_where_it_is_now(place: Place):
    place.join()
    for user in place.users.values():
        place.discord.enter(user, place.guild["den"])

    place.discord.move_bot(place.guild["den"])
    eventually(lambda: place.sessions() == [place.guild["den"].id], what="the session names the new channel")
    place.say("ここにいます")

    assert place.heard_all(["ここにいます"])


def test_an_announcement_goes_ahead_of_what_waits(place: Place, house: Stack):
    place.join()
    for number in range(3):
        place.say(f"これは普通の{number}番目のメッセージです。少し長めに話します。", who=["花子", "太郎"][number % 2])

    house.manage("announce", str(place.guild.id), "火事です", "--priority", "0")
    found = place.heard_all(["これは普通の2番目のメッセージです。少し長めに話します。"])

    names = [one.name for one in found]
    assert "火事です" in names[:3]
    assert found[names.index("火事です")].is_whole


def test_nobody_is_lost_while_redis_stands_still(place: Place, house: Stack):
    place.join()
    valkey = psutil.Process(house.pids()["valkey"][0])

    valkey.suspend()
    try:
        place.say("止まっている間の一つ目")
        place.say("二つ目", who="太郎")
        # The rows are stored without it.
        eventually(lambda: len(place.utterances()) == 2, what="both are stored")
    finally:
        valkey.resume()

    assert [one.name for one in place.heard_all(["二つ目"])] == ["花子さん、止まっている間の一つ目", "太郎さん、二つ目"]


def test_the_bot_leaves_when_nobody_listens(place: Place):
    place.join()

    for user in place.users.values():
        place.discord.leave(user, place.guild)

    eventually(lambda: not place.sessions(), what="the session has ended")
    eventually(lambda: str(place.guild.id) not in place.discord.state()["bot_in"], what="the bot has left")


def test_what_is_written_in_the_dictionary_channel_is_an_entry_and_is_answered(place: Place):
    boss = place.discord.add_user("boss")
    role = place.discord.add_role(place.guild, "staff", permissions=["manage_guild"])
    place.discord.add_member(place.guild, boss, roles=[role])
    place.discord.slash(boss, "settings dictionary-channel", channel=place.chat, place=place.guild["other"])
    place.join()

    place.discord.say(boss, place.guild["other"], "声箱 こえばこ")
    eventually(lambda: len(place.discord.messages(place.guild["other"])) == 2, what="the line is answered")
    place.say("声箱です")

    assert "声箱 → こえばこ" in place.discord.messages(place.guild["other"])[-1].text
    assert place.heard_all(["こえばこです"])


def test_a_second_bot_stands_by(place: Place, house: Stack, tmp_path):
    place.join()
    said = tmp_path / "second.log"
    with said.open("wb") as log:
        second = subprocess.Popen(
            [sys.executable, "manage.py", "runbot", "discord"], cwd=ROOT, env=house.environment, stdout=log, stderr=log
        )
    try:
        eventually(lambda: "standing by" in said.read_text(), what="the second stands by")
        place.say("一度だけ")
        assert [one.name for one in place.heard_all(["一度だけ"])] == ["花子さん、一度だけ"]
    finally:
        second.terminate()
        assert second.wait(timeout=60) == 0


def test_without_the_message_content_intent_the_bot_says_what_to_do(discord: Discord, house: Stack):
    discord.forbid_message_content()
    bot(house).kill()
    eventually(lambda: "Message Content Intent" in house.log.read_text(), what="the reason is said")
    eventually(lambda: "not started again" in house.log.read_text(), what="it is not tried again")

    assert discord.token not in house.log.read_text()
    assert "discord" not in house.pids()
