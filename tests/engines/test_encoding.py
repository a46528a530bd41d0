"""Files that are listened to while they are written."""

import io
import struct
from itertools import pairwise

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.errors import InputRejected
from jobs.engines.speech.encoding import FORMATS, Encoder, open_encoder
from jobs.engines.speech.level import level_dbfs, to_samples
from jobs.engines.speech.openjtalk import MEI
from jobs.engines.speech.packets import OpusPackets
from jobs.engines.speech.port import SAMPLE_RATE_HZ, Samples
from tests.engines.hearing import decode, decode_pcm, delay_samples

ADDED_BY_MP3 = 0.06  # s: its decoder has no way to know where the sound begins and ends


def feed_all(encoder: Encoder, parts: list[Samples]) -> list[bytes]:
    return [*(encoder.feed(part) for part in parts), encoder.finish()]


@pytest.fixture(scope="module")
def opus(parts) -> list[bytes]:
    return feed_all(open_encoder("opus", credit=MEI.credit), parts)


@pytest.fixture(scope="module")
def hear(parts):
    def hear(name: str) -> tuple[np.ndarray, int]:
        encoder = open_encoder(name)
        file = encoder.finalise(b"".join(feed_all(encoder, parts)))
        return (decode_pcm(file), 24_000) if name == "pcm" else decode(file)

    return hear


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_plays_what_was_said_for_as_long_and_as_loud(hear, spoken, name):
    heard, rate = hear(name)

    seconds = len(spoken) / SAMPLE_RATE_HZ
    assert rate == (24_000 if name == "pcm" else SAMPLE_RATE_HZ)
    assert len(heard) / rate == pytest.approx(seconds, abs=ADDED_BY_MP3 if name == "mp3" else 0.001)
    assert 10 * np.log10(np.mean(heard**2)) == pytest.approx(level_dbfs(spoken), abs=0.5)


@pytest.mark.parametrize("name", FORMATS)
def test_a_second_attempt_writes_the_same_bytes(parts, name):
    assert feed_all(open_encoder(name), parts) == feed_all(open_encoder(name), parts)


@pytest.mark.parametrize("name", ["opus", "mp3"])
def test_nearly_all_of_the_first_part_can_be_heard_before_the_second(parts, name):
    heard, rate = decode(open_encoder(name).feed(parts[0]))

    assert len(heard) / rate > len(parts[0]) / SAMPLE_RATE_HZ - 0.1


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_without_a_sound_is_still_a_file(name):
    encoder = open_encoder(name)

    file = encoder.feed(np.zeros(0, dtype=np.int16)) + encoder.finish()

    assert len(encoder.finalise(file)) == len(file)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_names_its_type_and_ending(name):
    encoder = open_encoder(name)

    assert encoder.content_type.startswith("audio/")
    assert "." not in encoder.extension


def test_an_unknown_format_is_refused_by_name():
    with pytest.raises(InputRejected) as refused:
        open_encoder("wma")

    assert (refused.value.field, refused.value.code) == ("format", "unknown_format")


def test_an_opus_file_starts_and_ends_exactly_where_the_sound_does(opus, spoken):
    heard, _ = decode(b"".join(opus))

    assert len(heard) == len(spoken)
    assert delay_samples(heard, spoken / 32_768.0) == 0


def test_an_opus_file_credits_its_voice(opus):
    with av.open(io.BytesIO(b"".join(opus))) as container:
        assert container.streams.audio[0].metadata["COPYRIGHT"] == MEI.credit


def test_discord_gets_the_packets_that_another_demuxer_finds_each_of_20_ms(opus):
    packets = OpusPackets().feed(b"".join(opus))

    with av.open(io.BytesIO(b"".join(opus))) as container:
        found = [packet for packet in container.demux(audio=0) if packet.size]
    assert packets == [bytes(packet) for packet in found]
    assert {packet.duration for packet in found[:-1]} == {960}  # the last one is shortened by the player


def test_the_packets_of_a_part_come_out_as_soon_as_it_is_fed(opus, parts):
    reader = OpusPackets()

    first = reader.feed(opus[0])

    assert len(first) == len(parts[0]) // 960


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(0, 30_000), max_size=20))
def test_packets_are_found_however_the_stream_arrives(opus, cuts):
    stream, reader = b"".join(opus), OpusPackets()
    edges = [0, *sorted(cuts), len(stream)]

    found = [packet for start, end in pairwise(edges) for packet in reader.feed(stream[start:end])]

    assert found == OpusPackets().feed(stream)


def test_a_damaged_stream_is_not_played(opus):
    stream = bytearray(b"".join(opus))
    stream[5_000] ^= 1

    with pytest.raises(ValueError, match="damaged"):
        OpusPackets().feed(bytes(stream))


def test_a_wav_file_knows_its_size_only_when_it_is_finalised(parts, spoken):
    encoder = open_encoder("wav")
    streamed = b"".join(feed_all(encoder, parts))

    stored = encoder.finalise(streamed)

    assert struct.unpack_from("<I", streamed, 40) == (0xFFFFFFFF,)
    assert struct.unpack_from("<I", stored, 40) == (2 * len(spoken),)
    assert struct.unpack_from("<I", stored, 4) == (len(stored) - 8,)
    assert streamed[44:] == stored[44:] == spoken.tobytes()


def tone(frequency_hz: float) -> Samples:
    return np.rint(16_000 * np.sin(2 * np.pi * frequency_hz * np.arange(48_000) / SAMPLE_RATE_HZ)).astype(np.int16)


@pytest.mark.parametrize(("frequency_hz", "change_db"), [(100, 0), (5_000, 0), (10_000, 0)])
def test_pcm_at_24_khz_keeps_what_it_can_hold(frequency_hz, change_db):
    encoder = open_encoder("pcm")

    heard = decode_pcm(encoder.feed(tone(frequency_hz)) + encoder.finish())[100:-100]

    assert 20 * np.log10(np.std(heard) / np.std(tone(frequency_hz) / 32_768)) == pytest.approx(change_db, abs=0.05)


@pytest.mark.parametrize("frequency_hz", [13_600, 15_000, 20_000])
def test_pcm_at_24_khz_does_not_fold_high_tones_into_low_ones(frequency_hz):
    encoder = open_encoder("pcm")

    heard = decode_pcm(encoder.feed(tone(frequency_hz)) + encoder.finish())[100:-100]

    assert 20 * np.log10(np.std(heard) / np.std(tone(frequency_hz) / 32_768)) < -55


@settings(max_examples=30)
@given(sizes=st.lists(st.integers(0, 3_000), min_size=1, max_size=12))
def test_pcm_does_not_depend_on_how_the_sound_was_cut(sizes):
    samples = np.random.default_rng(7).integers(-32_768, 32_767, sum(sizes), dtype=np.int16)
    cut, whole = open_encoder("pcm"), open_encoder("pcm")

    in_pieces = feed_all(cut, np.split(samples, np.cumsum(sizes)[:-1]))

    assert b"".join(in_pieces) == whole.feed(samples) + whole.finish()
    assert len(b"".join(in_pieces)) == 2 * -(-len(samples) // 2)


def test_samples_beyond_full_scale_bend_instead_of_wrapping_around():
    wave = np.array([-90_000.0, -33_000.0, -20_000.0, 0.0, 20_000.0, 33_000.0, 90_000.0])

    samples = to_samples(wave, volume_db=0)

    assert np.all(np.diff(samples.astype(int)) > 0)
    assert np.array_equal(samples[2:5], [-20_000, 0, 20_000])
