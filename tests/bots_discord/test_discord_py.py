"""What the bot uses of discord.py that discord.py does not promise: a release that changes it must fail here."""

import inspect

import discord.shard
from discord.gateway import DiscordWebSocket
from discord.voice_client import VoiceClient
from discord.voice_state import VoiceConnectionState


def test_a_leaving_of_its_own_is_told_from_being_put_out():
    """bots/discord/voice.py asks it before discord.py takes it back."""
    assert "self._expecting_disconnect: bool = False" in inspect.getsource(VoiceConnectionState.__init__)
    assert "self._expecting_disconnect = True" in inspect.getsource(VoiceConnectionState._voice_disconnect)
    assert "if self._expecting_disconnect:" in inspect.getsource(VoiceConnectionState.voice_state_update)
    assert "self._connection.voice_state_update(data)" in inspect.getsource(VoiceClient.on_voice_state_update)


def test_steps_of_a_handshake_are_waited_for_by_a_method_that_can_be_replaced():
    """bots/discord/voice.py waits for them without a gap."""
    assert "self._state_event.set()" in inspect.getsource(VoiceConnectionState.state.fset)
    waiting = "await self._wait_for_state(ConnectionFlowState.got_both_voice_updates)"
    assert waiting in inspect.getsource(VoiceConnectionState._inner_connect)


def test_a_voice_line_is_watched_by_a_task_that_can_be_ended():
    """bots/discord/voice.py ends it when the process ends: it would come again."""
    assert "self._runner: Optional[asyncio.Task] = None" in inspect.getsource(VoiceConnectionState.__init__)
    assert "self._runner = self.voice_client.loop.create_task(self._poll_voice_ws(" in inspect.getsource(
        VoiceConnectionState
    )
    assert "except asyncio.CancelledError:" in inspect.getsource(VoiceConnectionState._poll_voice_ws)


def test_packets_are_sent_without_its_player():
    """bots/discord/pacer.py sends them from a thread of its own."""
    assert "encode" in inspect.signature(VoiceClient.send_audio_packet).parameters
    assert "self._connection: VoiceConnectionState" in inspect.getsource(VoiceClient.__init__)


def test_sealing_and_sending_can_be_done_in_another_way():
    """bots/discord/voice.py does them without letting go of the interpreter."""
    assert "getattr(self, '_encrypt_' + self.mode)" in inspect.getsource(VoiceClient._get_voice_packet)
    assert "return encrypt_packet(header, packet)" in inspect.getsource(VoiceClient._get_voice_packet)
    assert "aead_xchacha20_poly1305_rtpsize" in VoiceClient.supported_modes
    assert "self._connection.send_packet(packet)" in inspect.getsource(VoiceClient.send_audio_packet)
    assert "except OSError" in inspect.getsource(VoiceClient.send_audio_packet)
    assert "self.create_connection_state()" in inspect.getsource(VoiceClient.__init__)
    assert "self.socket.sendall(packet)" in inspect.getsource(VoiceConnectionState.send_packet)


def test_shards_take_their_line_to_the_gateway_from_a_name_that_can_be_replaced():
    """bots/discord/gateway.py puts its own there, which breathes between two events."""
    assert discord.shard.DiscordWebSocket is DiscordWebSocket
    assert "DiscordWebSocket.from_client(" in inspect.getsource(discord.shard.AutoShardedClient.launch_shard)
    assert "await self.received_message(msg.data)" in inspect.getsource(DiscordWebSocket.poll_event)
