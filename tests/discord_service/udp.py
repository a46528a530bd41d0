"""The voice server's UDP side: IP discovery answered, RTP packets put on their tracks as they came.

A thread takes what has come every few milliseconds, so that 100 guilds' 5,000 packets a second cost little and none is
lost while the event loop is busy; the kernel says when each arrived. Used by voice.py.
"""

import select
import socket
import struct
import sys
import threading
import time

from tests.discord_service.recording import Track

DISCOVERY_BYTES = 74
# A socket's buffer holds some 250 packets by default; guilds are spread over these.
SOCKETS = 8
RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024
BATCH_SECONDS = 0.005
# discord.py listens for the discovery's answer only after it has sent the question; no server of Discord's is so near
# that it could miss it, but one on loopback is.
DISTANCE_SECONDS = 0.015
SO_TIMESTAMPNS = 35  # Linux: the kernel's own arrival time; Python has no name for it
TIMESPEC = struct.Struct("@qq")


class Receiver:
    """tracks: by SSRC, where a packet belongs; others are dropped."""

    def __init__(self, host: str) -> None:
        self.tracks: dict[int, Track] = {}
        self._answers: list[tuple[float, socket.socket, bytes, tuple[str, int]]] = []  # due at, from, what, to
        self._ended = threading.Event()
        self._sockets = [self._open(host) for _ in range(SOCKETS)]
        self._thread = threading.Thread(target=self._run, name="udp", daemon=True)
        self._thread.start()

    @staticmethod
    def _open(host: str) -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if sys.platform == "linux":
            opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        opened.setblocking(False)
        opened.bind((host, 0))
        return opened

    def address(self, ssrc: int) -> tuple[str, int]:
        """Return where the packets of an SSRC are to be sent."""
        host, port = self._sockets[ssrc % SOCKETS].getsockname()
        return host, port

    def send(self, track: Track, datagram: bytes) -> None:
        """Send to where a track's packets come from."""
        assert track.address is not None, "the bot has not asked for its address yet"
        self._sockets[track.ssrc % SOCKETS].sendto(datagram, track.address)

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        for one in self._sockets:
            one.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            readable, _, _ = select.select(self._sockets, [], [], BATCH_SECONDS if self._answers else 0.1)
            for one in readable:
                self._take(one)
            while self._answers and self._answers[0][0] <= time.monotonic():
                _, source, reply, address = self._answers.pop(0)
                source.sendto(reply, address)
            self._ended.wait(BATCH_SECONDS)

    def _take(self, source: socket.socket) -> None:
        """Take all that has come to one socket. Every packet passes here: keep it short, open nothing."""
        receive, tracks = source.recvmsg, self.tracks
        to_monotonic_ns = time.monotonic_ns() - time.time_ns()
        while True:
            try:
                packet, ancillary, _, address = receive(2048, 64)
            except BlockingIOError:
                return
            if len(packet) == DISCOVERY_BYTES and packet[:2] == b"\x00\x01":
                self._discover(source, packet, address)
            elif len(packet) > 12:
                track = tracks.get(int.from_bytes(packet[8:12], "big"))
                if track is not None:
                    seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2]) if ancillary else (0, time.time_ns())
                    track.packets.append((seconds * 1_000_000_000 + nanoseconds + to_monotonic_ns, packet))

    def _discover(self, source: socket.socket, packet: bytes, address: tuple[str, int]) -> None:
        host, port = address
        reply = struct.pack(">HH4s64sH", 2, 70, packet[4:8], host.encode(), port)
        self._answers.append((time.monotonic() + DISTANCE_SECONDS, source, reply, address))
        track = self.tracks.get(int.from_bytes(packet[4:8], "big"))
        if track is not None:
            track.address = address
