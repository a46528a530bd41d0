"""The sentences, split once by a hash of each: weights are chosen on `tuning` and never on `held_out`."""

import hashlib

JAPANESE = (
    "明日の会議は午後三時から始まります。",
    "駅まで歩いて、電車に乗りました。",
    "昨日、友達と一緒に映画を見ました。",
    "この町には古いお寺がたくさんあります。",
    "朝ご飯にパンと卵を食べました。",
    "来週の土曜日に、家族で海へ行く予定です。",
    "窓を開けると、涼しい風が入ってきた。",
    "彼女は毎日図書館で勉強しています。",
    "日本語の発音を練習しましょう。",
    "部屋の中で猫が静かに眠っている。",
    "雨が降りそうなので、傘を持って行きます。",
    "夏休みの宿題がまだ終わっていません。",
    "温かいお茶を飲みながら話をしました。",
    "次の信号を右に曲がってください。",
    "手紙の返事を書くのに時間がかかりました。",
    "父は毎朝六時に起きて散歩をします。",
    "この薬は食後に二錠飲んでください。",
    "空港までタクシーで四十分ぐらいかかります。",
    "秋の夜は虫の声を聞きながら本を読みます。",
    "お客様の名前をこちらに書いてください。",
)
ENGLISH = (
    "The meeting tomorrow starts at three in the afternoon.",
    "I think that is a truly wonderful idea.",
    "We walked to the station and took a train to the office.",
    "She sells fresh vegetables near the old church.",
    "Could you tell me where the library is?",
    "My brother works at a hospital in the city.",
    "The weather was cold, but the children played outside.",
    "Please turn right at the next traffic light.",
    "He bought a new pair of shoes last weekend.",
    "There is no milk left in the kitchen.",
    "They have lived in this village for many years.",
    "The museum opens at nine on Saturday morning.",
    "I would like a cup of coffee without sugar.",
    "Our teacher gave us a difficult question today.",
    "The river runs slowly through the green valley.",
    "We should leave early because the road is busy.",
)
MANDARIN = (
    "我今天早上喝了一杯咖啡。",
    "明天的會議從下午三點開始。",
    "她每天在圖書館讀書。",
    "請在下一個路口右轉。",
    "這個城市有很多古老的寺廟。",
    "我們坐火車去海邊玩。",
    "弟弟在醫院工作了十年。",
    "天氣很冷，可是孩子們還在外面玩。",
    "飯後請吃兩顆藥。",
    "冰箱裡沒有牛奶了。",
    "老師今天給我們一個很難的問題。",
    "他上個週末買了一雙新鞋子。",
)
ALL = {"ja": JAPANESE, "en": ENGLISH, "zh-TW": MANDARIN}
HALVES = ("tuning", "held_out")


def half_of(sentence):
    """Return the half that a sentence belongs to, now and for ever."""
    return HALVES[hashlib.sha256(sentence.encode()).digest()[0] % 2]


def of_half(language, half):
    return [sentence for sentence in ALL[language] if half_of(sentence) == half]
