"""Take the packets out of our Ogg/Opus streams, as they arrive: Discord plays them without decoding.

Apart from opus.py because it needs no codec: importing PyAV costs 17 MB.

Called by the Discord bot.
"""

from jobs.engines.speech.ogg import PacketReader


class OpusPackets:
    """
    Takes the bytes of one of our Ogg/Opus streams in any pieces, gives back its packets of 20 ms.

    >>> packets = OpusPackets()
    >>> for part in parts: play(packets.feed(part))
    """

    def __init__(self) -> None:
        self._reader = PacketReader()
        self._headers_left = 2

    def feed(self, data: bytes) -> list[bytes]:
        """
        Return the packets that `data` completes; headers are not among them.

        Raises ValueError on a damaged or foreign stream.
        """
        packets = self._reader.feed(data)
        headers, packets = packets[: self._headers_left], packets[self._headers_left :]
        self._headers_left -= len(headers)
        return packets
