"""A local stand-in for Telegram's Bot API that speaks its real protocol to the real, unmodified python-telegram-bot.

A process of its own; tests hold a `Telegram`:

    from tests.telegram_service.client import Telegram
    from tests.telegram_service.service import TelegramService

    with TelegramService() as telegram:
        hana = telegram.add_user("花子", language_code="ja")
        start_the_bot(env=os.environ | telegram.environment())
        #   TELEGRAM_TOKEN, TELEGRAM_API_BASE (…/bot), TELEGRAM_FILE_BASE (…/file/bot)
        telegram.wait_polled()
        sent = telegram.say(hana, "おはよう")                         # .id, .chat, .sent_at (time.monotonic())
        voice = telegram.wait_voice(hana)                            # .voice: the bytes, as they were uploaded
        ack = telegram.messages(hana)[1]                             # .text, .edits [(at, text)], .buttons
        telegram.press(hana, ack, "again")

Also: add_group, send_voice, send_audio, block, fail (400 ... 5xx, hang, drop), flood (429 as Telegram does), calls,
other_poller (409), webhook. See client.py: each is one line there.
"""
