"""A local stand-in for Discord that speaks its real protocol to the real, unmodified discord.py.

REST, gateway, voice websocket over TLS, UDP, DAVE. A process of its own; tests hold a `Discord`:

    from tests.discord_service.service import DiscordService
    from tests.discord_service.client import Discord, File

    with DiscordService() as discord:            # dave=0: voice without DAVE; require_dave=True: 4017 without it
        guild = discord.add_guild("テスト", text=["chat"], voice=["lounge"])      # locale="ja"
        hana = discord.add_user("花子")
        start_the_bot(env=os.environ | discord.environment())
        #   DISCORD_TOKEN, DISCORD_API_BASE (…/api/v10), DISCORD_GATEWAY_URL (ws://…), SSL_CERT_FILE
        discord.wait_connected()
        discord.enter(hana, guild["lounge"])
        answer = discord.slash(hana, "join", channel=guild["chat"])   # waits; first answer within 3 s or Refused
        answer.text, answer.files, answer.is_ephemeral, answer.was_deferred, answer.first_seconds
        discord.wait_in_voice(guild)
        sent = discord.say(hana, guild["chat"], "おはよう")            # .id, .sent_at (time.monotonic())
        [clip] = discord.wait_clips(guild, 1, since=sent.sent_at)
        clip.started_at - sent.sent_at                                # message to first sound
        clip.pitch(), clip.seconds, clip.gaps_ms, clip.lost, clip.fingerprint, clip.is_end_to_end
        discord.heard(guild).recognise({"おはよう": packets_of_the_artifact})  # which sentence, whole or cut

Also: edit, delete, leave, add_role, add_member(nick=...), forbid(channel, "connect"), autocomplete, press, messages,
commands, calls("PUT", "/commands"), move_bot, kick_bot, close_voice(guild, 4006), cut_gateway, invalidate_session,
murmur, change_voice_server, ask_to_reconnect, restore_guild, limit (429), forbid_message_content, require_dave,
voice_counts, dave. See client.py and client_overseer.py: each has a line there.

By hand: `python -m tests.discord_service --port 0` prints its URL, token and certificate.

A bot under test sets three seams before it connects (nothing of discord.py is changed):
    discord.http.Route.BASE = DISCORD_API_BASE
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(DISCORD_GATEWAY_URL)
    SSL_CERT_FILE in the environment before aiohttp is imported (or Client(connector=...)).
"""
