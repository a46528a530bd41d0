"""What the bot uses of discord.py that discord.py does not promise: a release that changes it must fail here."""

import inspect

from discord.voice_client import VoiceClient
from discord.voice_state import VoiceConnectionState


def test_a_leaving_of_its_own_is_told_from_being_put_out():
    """bots/discord/voice.py asks it before discord.py takes it back."""
    assert "self._expecting_disconnect: bool = False" in inspect.getsource(VoiceConnectionState.__init__)
    assert "self._expecting_disconnect = True" in inspect.getsource(VoiceConnectionState._voice_disconnect)
    assert "if self._expecting_disconnect:" in inspect.getsource(VoiceConnectionState.voice_state_update)
    assert "self._connection.voice_state_update(data)" in inspect.getsource(VoiceClient.on_voice_state_update)


def test_packets_are_sent_without_its_player():
    """bots/discord/pacer.py sends them from a thread of its own."""
    assert "encode" in inspect.signature(VoiceClient.send_audio_packet).parameters
    assert "self._connection: VoiceConnectionState" in inspect.getsource(VoiceClient.__init__)
