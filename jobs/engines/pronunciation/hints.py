"""Which advice belongs to a sound: a key of texts.tsv. Called by findings.py."""

_JA = {
    "ts": "tongue_ts", "s": "tongue_s", "sh": "tongue_sh", "ch": "tongue_ch", "r": "tap_r", "ry": "tap_r",
    "f": "lips_f", "h": "breath_h", "hy": "breath_hy", "N": "nose_n", "cl": "hold_cl", "z": "tongue_z",
    "j": "tongue_j", "u": "lips_u", "o": "lips_o", "e": "mouth_e", "i": "mouth_i", "a": "mouth_a",
    "n": "tongue_n", "m": "lips_m", "k": "back_k", "g": "back_g", "t": "tongue_t", "d": "tongue_d",
    "b": "lips_b", "p": "lips_p", "w": "lips_w", "y": "palate_y",
}  # fmt: skip
_EN = {
    "θ": "teeth_th", "ð": "teeth_th", "ɹ": "curl_r", "l": "touch_l", "f": "lip_f", "v": "lip_v", "w": "round_w",
    "s": "tongue_s", "ʃ": "tongue_sh", "z": "tongue_z", "ʒ": "voice_zh", "t͡ʃ": "tongue_ch", "d͡ʒ": "tongue_j",
    "ŋ": "back_ng", "n": "tongue_n", "m": "lips_m", "æ": "wide_ae", "ʌ": "short_uh", "ə": "weak_schwa", "ɪ": "lax_i",
    "i": "long_i", "ʊ": "lax_u", "u": "round_u", "ɑ": "open_a", "ɔ": "round_o", "ɛ": "mouth_e", "ɝ": "curl_er",
    "eɪ": "glide", "aɪ": "glide", "aʊ": "glide", "oʊ": "glide", "ɔɪ": "glide", "h": "breath_h", "k": "back_k",
    "ɡ": "back_g", "t": "tongue_t", "d": "tongue_d", "b": "lips_b", "p": "lips_p", "j": "palate_y",
}  # fmt: skip
# Two sounds that are taken for each other often have advice on the difference.
_PAIRS = {
    ("ja", "ts", "s"): "ts_not_s", ("ja", "s", "ts"): "s_not_ts", ("ja", "sh", "s"): "sh_not_s",
    ("ja", "s", "sh"): "s_not_sh", ("en", "ɹ", "l"): "r_not_l", ("en", "l", "ɹ"): "l_not_r",
    ("en", "θ", "s"): "th_not_s", ("en", "v", "b"): "v_not_b", ("en", "ð", "z"): "th_not_s",
}  # fmt: skip


def hint_for(language: str, symbol: str, heard: str) -> str:
    """Return the key of the advice for `symbol` when `heard` was said; empty when there is none."""
    own = (_JA if language == "ja" else _EN).get(symbol, "")
    if language == "ja" and not own:
        # きゃ and its like: the tongue is near the palate from the start.
        own = "palate_y" if symbol.endswith("y") else _JA.get(symbol.lower(), "")
    return _PAIRS.get((language, symbol, heard), own)
