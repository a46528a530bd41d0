"""What is sealed and sent in one go is what discord.py would have sealed and sent."""

import errno
import gc
import random
import socket
from types import ModuleType, SimpleNamespace

import discord
import pytest
from nacl.exceptions import CryptoError
from nacl.secret import Aead

from bots.discord import sealing, voice
from bots.discord.voice import HouseConnection, HouseVoice

MODE = "aead_xchacha20_poly1305_rtpsize"


def client(kind: type[discord.VoiceClient], *, counted: int = 7) -> discord.VoiceClient:
    """Return a voice client as it is once it is connected, without a connection."""
    made = kind.__new__(kind)
    made._connection = SimpleNamespace(
        dave_session=None, can_encrypt=False, mode=MODE, secret_key=list(range(32)), ssrc=5
    )
    made.sequence, made.timestamp, made._incr_nonce = 65535, 960, counted
    return made


@pytest.fixture
def line():
    """A socket that does not block, and who hears it."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hears,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as says,
    ):
        hears.bind(("127.0.0.1", 0))
        hears.settimeout(60)
        says.setblocking(False)
        says.connect(hears.getsockname())
        yield says, hears


def test_this_machine_has_what_it_takes():
    assert voice.SEAL is not None
    assert voice.SEND is not None


@pytest.mark.parametrize("length", [0, 1, 3, 120, 1275])
def test_a_packet_is_sealed_as_by_discord_py(length):
    data = random.Random(length).randbytes(length)
    ours, theirs = client(HouseVoice), client(discord.VoiceClient)

    for _ in range(3):
        assert ours._get_voice_packet(data) == theirs._get_voice_packet(data)
    assert ours._incr_nonce == theirs._incr_nonce == 10


def test_the_counter_begins_again_after_its_last_value():
    ours, theirs = client(HouseVoice, counted=0xFFFFFFFF), client(discord.VoiceClient, counted=0xFFFFFFFF)

    for _ in range(2):
        assert ours._get_voice_packet(b"packet") == theirs._get_voice_packet(b"packet")


def test_sealing_leaves_nothing_to_pythons_collector():
    seal = sealing.sealer()
    gc.collect()
    gc.disable()
    try:
        for length in range(1275):
            seal(bytes(32), bytes(24), b"header", bytes(length))
        left = gc.collect()
    finally:
        gc.enable()

    # Other threads of this process may have left something; not a type for each length, of several objects.
    assert left < 1275


def test_what_was_sealed_is_opened_by_its_key_alone():
    nonce, key = bytes(range(24)), bytes(range(32))

    sealed = sealing.sealer()(key, nonce, b"header", b"packet")

    assert Aead(key).decrypt(sealed, b"header", nonce) == b"packet"
    with pytest.raises(CryptoError):
        Aead(bytes(32)).decrypt(sealed, b"header", nonce)


@pytest.mark.parametrize(("key", "nonce"), [(bytes(31), bytes(24)), (bytes(32), bytes(23)), (b"", b"")])
def test_a_key_that_is_too_short_is_never_read_beyond_its_end(key, nonce):
    with pytest.raises(ValueError, match="XChaCha20"):
        sealing.sealer()(key, nonce, b"", b"packet")


def test_without_the_function_discord_pys_own_way_is_taken(monkeypatch, line):
    monkeypatch.setattr(voice, "SEAL", sealing.sealer(ModuleType("of another build")))
    monkeypatch.setattr(voice, "SEND", None)
    connection = HouseConnection.__new__(HouseConnection)
    connection.socket = line[0]

    assert voice.SEAL is None
    assert client(HouseVoice)._get_voice_packet(b"packet") == client(discord.VoiceClient)._get_voice_packet(b"packet")
    connection.send_packet(b"packet")
    assert line[1].recv(100) == b"packet"


def test_a_packet_arrives_as_it_was_sent(line):
    connection = HouseConnection.__new__(HouseConnection)
    connection.socket = line[0]

    connection.send_packet(b"one\0two")

    assert line[1].recv(100) == b"one\0two"


def test_a_socket_that_is_gone_is_an_error_that_discord_py_knows():
    connection = HouseConnection.__new__(HouseConnection)
    connection.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    connection.socket.close()

    with pytest.raises(OSError) as caught:
        connection.send_packet(b"packet")
    assert caught.value.errno in (None, errno.EBADF)
