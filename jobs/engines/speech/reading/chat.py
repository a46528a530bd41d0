"""Bring the ways of chat to words: links, faces, laughter, drawn-out vowels.

Called by reading/__init__.py and reading/english_text.py: links and faces while the text is as it was typed, the
rest after clean(). languages.py asks which characters belong to no word.
"""

import re

_DOMAINS = "com|net|org|jp|io|dev|gg|tv|me|app|ai|co|be|info|xyz|site|link|page|tokyo"
_LINK = re.compile(
    r"(?:https?|ftp)://[!-~]++|(?<![A-Za-z0-9.@-])www\.[!-~]++"
    rf"|(?<![A-Za-z0-9.@-])(?:[A-Za-z0-9-]{{1,63}}+\.)+(?:{_DOMAINS})(?![A-Za-z0-9-]|\.[A-Za-z0-9])(?:/[!-~]*+)?"
)
_NOT_A_LINK = frozenset(["socket.io", "asp.net"])
_MAIL_ADDRESS = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}+@(?:[A-Za-z0-9-]{1,63}+\.)+[A-Za-z]{2,24}")

# A face: brackets, with an arm or an ornament on either side.
_BRACKETS = re.compile(
    r"(?:[ヽヾ＼\\٩ԅ୧┐╮╰ゝ〜~♪☆]|(?<![A-Za-z])[modb])?[(（](?P<inside>[^()（）]{1,12})[)）]"
    r"(?:[ノﾉ／/彡☆♪ゞ]|[modb](?![A-Za-z])|[oOv](?![A-Za-z])|つ(?![ぁ-んァ-ヶ一-鿿]))?"
)
# Inside are signs that words in brackets do not have, and of letters only those that serve as eyes and mouths.
_FACE_SIGN = re.compile("[\\^´｀`ω∀▽∇Дд皿_＿;；￣・･>＜<≧≦ﾟ゜°ಠ◕●◉‿ε◡¯˘*＊'’\"=＝-]")
_FACE_LETTERS = re.compile("[つへノヮエロワシヘ皿益oOTxXuvq]")
_LETTER = re.compile("[0-9０-９A-Za-zぁ-ゖァ-ヺ一-鿿]")
_SMILEY = re.compile(
    r"(?<![0-9A-Za-z:/])(?:[:;=]['-]?[)(DPp3|]|xD|XD|<3)(?![0-9A-Za-z/])"
    r"|\^[_.oω -]?\^[;；]?|(?<![A-Za-z])(?:T_T|;_;|>_<|-_-|ToT|TT_TT|OTL|orz|OTZ)(?![A-Za-z])"
)

_JAPANESE = "ぁ-ゖァ-ヺー一-鿿々"
# After Japanese or at the start, and up to where a sentence or its next part begins. A single W is a letter (W杯).
_LAUGHTER = re.compile(
    rf"(?:(?<=[{_JAPANESE}!?。、)」』 ])|^)(?:w|W(?=[wW])|(?<=W)W)++(?=$|[ 、。!?,.({_JAPANESE}])"
    r"|(?:(?<=[ぁ-ゖァ-ヺー!?。、 w])|^)(?:爆?笑|藁)++(?=$|[ 、。!?w])|[(](?:爆?笑|わら|ワラ|w+)[)]"
)
_GRASS = re.compile(r"(?:(?<=[ぁ-ゖァ-ヺー!?。、 ])|^)草+(?=$|[ 、。!?]|生え|はえ)")
_DRAWN_OUT = re.compile(r"(?<=[ぁ-ゖァ-ヺー])[〜~]+(?![0-9])")
_UNTIL = re.compile(rf"(?<=[{_JAPANESE}0-9])[〜~](?=[{_JAPANESE}0-9])")


def read_links(text: str, *, link: str = "リンク", address: str = "メールアドレス") -> str:
    """Return `text` with its first link as the word for it and no other, and mail addresses by that name."""
    text = _MAIL_ADDRESS.sub(f" {address} ", text)
    is_said = False

    def say_once(found: re.Match[str]) -> str:
        nonlocal is_said
        if found.group().lower() in _NOT_A_LINK:
            return found.group()
        spoken, is_said = (" " if is_said else f" {link} "), True
        return spoken

    return _LINK.sub(say_once, text)


def blank_links_and_faces(text: str, blank: str) -> str:
    """Return `text`, as long as before, with `blank` for each character that belongs to no word. It is as typed."""

    def same_length(found: re.Match[str]) -> str:
        return blank * len(found.group())

    text = _LINK.sub(same_length, _MAIL_ADDRESS.sub(same_length, text))
    return _SMILEY.sub(
        same_length,
        _BRACKETS.sub(lambda found: found.group() if _drop_if_face(found) != " " else same_length(found), text),
    )


def drop_faces(text: str) -> str:
    """Return `text` without faces made of signs. It is still as typed: NFKC breaks many of them."""
    return _SMILEY.sub(" ", _BRACKETS.sub(_drop_if_face, text))


def _drop_if_face(found: re.Match[str]) -> str:
    has_word = _LETTER.search(_FACE_LETTERS.sub("", found["inside"]))
    return " " if _FACE_SIGN.search(found["inside"]) and not has_word else found.group()


def read_chat(text: str) -> str:
    """Return `text` with laughter and drawn-out vowels in kana. It is on one line and in Unicode form NFKC."""
    text = _GRASS.sub("くさ", _LAUGHTER.sub(_laugh, text))
    return _UNTIL.sub("から", _DRAWN_OUT.sub("ー", text))


def _laugh(found: re.Match[str]) -> str:
    following = found.string[found.end() : found.end() + 1]
    return "ワラ、" if following.isalpha() else "ワラ"
