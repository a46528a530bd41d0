"""Which run of a text is spoken by which voice: what listeners expect, line by line. ⟦ and ⟧ stand around English."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.speech.languages import ENGLISH, JAPANESE, cut_runs

MIXED = """
今日は ⟦I have a meeting today. ⟧です。
昨日は雨でした。⟦Today it is sunny, and I like it.⟧明日もでしょう。
彼は「⟦Hello, how are you?⟧」と言った。
「⟦I want to go home⟧」って英語で言ってみて
やった！⟦I got the job!⟧
⟦Thank you for your help!⟧助かりました。
はい、⟦I agree. ⟧そうですね。
会議のあとで ⟦we will send you the report by 5:30 PM ⟧とのことです。
⟦What is this？⟧これは何ですか。
今日はいい天気\n⟦How are you?⟧\n了解
⟦Ｉ ｌｏｖｅ ｙｏｕ. ⟧全角でも同じ
気温は ⟦It is 25.5°C and 60% humid today. ⟧だって
⟦I'm so happy 😂⟧です
⟦We sold 1,234 units for $9.99 each in 2026. ⟧すごい
⟦See https://example.com/a?b=1 for the details.⟧詳しくはここ
"""

ENGLISH_ALONE = """
Hello World!
I have a meeting today.
Good morning
Thank you
nice to meet you
3 people came.
The quick brown fox jumps over the lazy dog.
In 2026 we sold 1,234,567 units at 25 km/h.
Dr. Smith lives at 221B Baker St. in London.
Please send the report to alice@example.com by 5:30 PM.
See https://example.com/a?b=1 for details.
I love it 😂 so much!
@taro are you coming tonight?
TypeError: x is not a function
Use snake_case for the names of variables, please.
WHAT ARE YOU DOING
Are you here?
Don't worry, it's fine.
The NASA and ESA teams use an API for that.
"Is it true?" she asked.
Where's my café au lait?
Hello! How are you?\nI am fine.
"""

JAPANESE_ALONE = """
今日は会議があります。
APIの設計
Pythonで書く
C++とC#とNode.js
Visual Studio Codeを開く
Amazon Web Servicesの料金
Windows 11 Proにした
The Lord of the Ringsを見た
I Have a Dreamという演説
iPhone 15 Pro Maxが欲しい
to do listを作る
out of memoryエラー
end to endのテスト
Thank youと言った
drag and dropで動かす
NASA ESA JAXA
OK
Hello
IT業界のDXとAI
https://example.com/a/b を見て
foo@example.com まで
(^o^) T_T orz
git commit -m "fix the bug"
npm install して
SELECT * FROM users WHERE id = 1
for (let i = 0; i < 10; i++)
print('Hello, world')
if (a == b) return true;
user_name と get_user() を直す
arigatou gozaimasu
watashi wa gakusei desu
Tokyo Osaka Nagoya
kyou wa meeting ga arimasu
12345
2026-11-22 10:30
😂👍🎉

...!?
"""


def lines(corpus: str) -> list[str]:
    return [line.replace("\\n", "\n") for line in corpus.strip("\n").split("\n")]


def marked(text: str, **options: str) -> str:
    return "".join(f"⟦{run.text}⟧" if run.language == ENGLISH else run.text for run in cut_runs(text, **options))


@pytest.mark.parametrize("line", lines(MIXED))
def test_each_run_of_a_mixed_text_goes_to_the_voice_of_its_language(line):
    assert marked(line.replace("⟦", "").replace("⟧", "")) == line


@pytest.mark.parametrize("text", lines(ENGLISH_ALONE))
def test_an_english_text_is_english_to_its_end(text):
    assert {run.language for run in cut_runs(text) if run.text.strip()} == {ENGLISH}


@pytest.mark.parametrize("text", lines(JAPANESE_ALONE))
def test_words_and_names_and_code_within_japanese_stay_japanese(text):
    assert {run.language for run in cut_runs(text)} <= {JAPANESE}


def test_a_number_belongs_to_the_word_that_counts_it():
    assert marked("I think it was 3個だった") == "⟦I think it was ⟧3個だった"
    assert marked("I think it was 2019です") == "⟦I think it was 2019⟧です"
    assert marked("第3 I think so.") == "第3 ⟦I think so.⟧"


@pytest.mark.parametrize("text", ["OK", "Hello", "Visual Studio Code", "arigatou", "12:30"])
def test_what_may_be_either_goes_to_the_voice_that_was_asked_for(text):
    assert marked(text, otherwise=JAPANESE) == text
    assert marked(text, otherwise=ENGLISH) == f"⟦{text}⟧"


def test_no_voice_is_given_what_is_written_in_the_other_language():
    assert marked("東京です", otherwise=ENGLISH) == "東京です"


PIECES = st.sampled_from(
    [word + " " for line in lines(MIXED + ENGLISH_ALONE + JAPANESE_ALONE) for word in line.split()] + list("あ。\n (1")
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES | st.characters(), max_size=30).map("".join))
def test_the_runs_of_any_text_are_the_text_and_change_language_each_time(text):
    runs = cut_runs(text)

    assert "".join(run.text for run in runs) == text
    assert all(before.language != after.language for before, after in pairwise(runs))
    assert all(run.text for run in runs)
