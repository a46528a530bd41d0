"""What the bot says of itself, in Japanese and in English: plain tables, because reading/ knows no Django.

Called by the modules of this folder.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from bots.guilds.reading.cleaning import clean_name

JAPANESE, ENGLISH = "ja", "en"

# Who is already called politely gets no second さん. Not どの and タン: どのゲーム follows a name, and ボタン is one.
_HONORIFIC = re.compile("(?:さん|サン|さま|様|くん|君|ちゃん|チャン|たん|氏|殿|先生|先輩|センセイ|パイセン)")

# So many people may be called in a message without their names being looked up as words.
_MAX_CALLED = 50

_JAPANESE = re.compile("[ぁ-ゖァ-ヺ一-鿿]")
_LATIN_WORD = re.compile("[A-VX-Za-vx-z]")


@dataclass(frozen=True)
class Words:
    """One language's words. {name} and {count} are filled in; `comma` stands between what is said one after another."""

    language: str
    comma: str
    everyone: str
    here: str
    someone: str
    some_role: str
    some_channel: str
    server_guide: str
    a_time: str
    code: str
    spoiler: str
    link: str
    links: str
    mail_address: str
    flag: str
    and_so_on: str
    laughter: str
    applause: str
    name: str
    reply: str
    forwarded: str
    poll: str
    sticker: str
    kinds: dict[str, tuple[str, str]]  # image, video, audio, file: one of them, several
    came: str
    left: str
    left_out: str

    def laughing(self, text: str) -> tuple[str, str]:
        """Return the words for laughter and applause: Japanese within Japanese; no English sentence ends in ワラ."""
        if _JAPANESE.search(text):
            return _WORDS[JAPANESE].laughter, _WORDS[JAPANESE].applause
        return (_WORDS[ENGLISH] if _LATIN_WORD.search(text) else self).laughter, self.applause

    def call(self, name: str, *, following: str = "") -> str:
        """
        Return how somebody is called: in Japanese with さん, unless the name or what follows it says it already.

        The word for somebody when nothing of the name can be said.
        """
        spoken = clean_name(name)
        if not spoken:
            return self.someone
        if self.language != JAPANESE or _HONORIFIC.match(following) or _ends_politely(spoken):
            return spoken
        return f"{spoken}さん"

    def called(self, names: Iterable[str]) -> re.Pattern[str] | None:
        """Return what finds the people of these names where they are called in a text; None without any."""
        spoken = {name for name in map(clean_name, islice(names, _MAX_CALLED)) if name}
        if not spoken:
            return None
        return re.compile("|".join(self._called(name) for name in sorted(spoken, key=len, reverse=True)))

    def _called(self, name: str) -> str:
        if self.language != JAPANESE:
            return rf"(?<!\w){re.escape(name)}(?!\w)"
        return re.escape(name) + ("" if _ends_politely(name) else f"(?={_HONORIFIC.pattern})")

    @staticmethod
    def title(name: str) -> str:
        """Return what of a role's, a channel's or a sticker's name can be said."""
        return clean_name(name.replace("_", " ").replace("-", " "))


def _ends_politely(name: str) -> bool:
    return any(found.end() == len(name) and found.start() > 0 for found in _HONORIFIC.finditer(name))


_WORDS = {
    JAPANESE: Words(
        language=JAPANESE,
        comma="、",
        everyone="みなさん",
        here="ここにいるみなさん",
        someone="だれか",
        some_role="ロール",
        some_channel="チャンネル",
        server_guide="サーバーガイド",
        a_time="日時",
        code="コード省略",
        spoiler="伏せ字",
        link="URL省略",
        links="URL{count}件省略",
        mail_address="メールアドレス",
        flag="{name}の旗",
        and_so_on="以下略",
        laughter="ワラ",
        applause="パチパチ",
        name="{name}、",
        reply="{name}へ返信、",
        forwarded="転送",
        poll="投票",
        sticker="スタンプ",
        kinds={
            "image": ("画像", "画像{count}枚"),
            "video": ("動画", "動画{count}本"),
            "audio": ("音声", "音声{count}件"),
            "file": ("ファイル", "ファイル{count}個"),
        },
        came="{name}が来ました",
        left="{name}が退出しました",
        left_out="省略",
    ),
    ENGLISH: Words(
        language=ENGLISH,
        comma=", ",
        everyone="everyone",
        here="everyone here",
        someone="somebody",
        some_role="role",
        some_channel="channel",
        server_guide="server guide",
        a_time="a time",
        code="code left out",
        spoiler="spoiler",
        link="link",
        links="{count} links",
        mail_address="mail address",
        flag="flag of {name}",
        and_so_on="and so on",
        laughter="haha",
        applause="applause",
        name="{name}: ",
        reply="reply to {name}: ",
        forwarded="forwarded",
        poll="poll",
        sticker="sticker",
        kinds={
            "image": ("a picture", "{count} pictures"),
            "video": ("a video", "{count} videos"),
            "audio": ("a recording", "{count} recordings"),
            "file": ("a file", "{count} files"),
        },
        came="{name} joined",
        left="{name} left",
        left_out="messages left out",
    ),
}


def words_of(language: str) -> Words:
    """Return the words of `language` ("ja", "en"); Japanese for any other."""
    return _WORDS.get(language, _WORDS[JAPANESE])
