"""The Telegram bot: a text is answered by a voice note, a voice note by its words.

    poll / webhook   updates come in; each is a row (Update) before anything is done about it
    desk             reads them, chat by chat; intake makes Message and tasks in one transaction
    watch            edits acknowledgements while a message waits and is worked on
    sender           carries the answer out, in the process of `manage.py rqworker`
    commands/        /voice /nickname /language /settings /status /history /weather /help
    models/          Update, Message, Part, Chat, Preference

A process of any kind may be killed at any moment: what is to be done next is read from the rows.
"""
