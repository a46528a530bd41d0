"""Close the line when an answer fails half-way, so that nobody takes a part for the whole.

daphne 4.2 answers every error of an application with a page of its own. Once the head of the
real answer is out, that attempt raises inside daphne's own once-a-second check: the line stays
open without a word, and the check, which also clears away closed lines, never runs again.
Here such a line is closed after what was already written; the missing last chunk tells the
client. Every stream of the house needs it: sound, files, events.

install() is called once, by urls.py; tests/api/test_openai_audio.py holds it to daphne's names.
"""

from daphne.http_protocol import WebRequest

_page_of_daphne = WebRequest.handle_exception


def install() -> None:
    WebRequest.handle_exception = _close_or_answer


def _close_or_answer(request: WebRequest, exception: BaseException) -> None:
    if request._response_started:
        request.loseConnection()
    else:
        _page_of_daphne(request, exception)
