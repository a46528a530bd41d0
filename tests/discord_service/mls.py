"""The few bytes of MLS (RFC 9420) a DAVE voice server makes itself: proposals of an external sender.

The voice server is no member of the group; it only proposes who is added and removed, signed with a key that all
members know (https://daveprotocol.com/#dave_mls_external_sender_package-25). Everything else MLS is davey's.
"""

import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

MLS_10, PUBLIC_MESSAGE = 1, 1  # ProtocolVersion, WireFormat: RFC 9420 section 6
MEMBER, EXTERNAL = 1, 2  # SenderType
PROPOSAL, COMMIT = 2, 3  # ContentType
ADD, REMOVE = 1, 3  # ProposalType: section 17.4
BASIC = 1  # CredentialType
FROM_KEY_PACKAGE, FROM_COMMIT = 1, 3  # LeafNodeSource


def vector(data: bytes) -> bytes:
    """Return `opaque data<V>`: the length in 1, 2 or 4 bytes (section 2.1.2), then the data."""
    size = len(data)
    if size < 1 << 6:
        return bytes([size]) + data
    if size < 1 << 14:
        return struct.pack(">H", size | 0x4000) + data
    return struct.pack(">I", size | 0x8000_0000) + data


@dataclass
class Reader:
    """Walks over encoded bytes; `at` is where it stands."""

    data: bytes
    at: int = 0

    def number(self, size: int) -> int:
        """Return an unsigned integer of `size` bytes."""
        if self.at + size > len(self.data):
            raise ValueError("the MLS message ends too early")
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "big")

    def vector(self) -> bytes:
        kind = self.number(1) >> 6
        self.at -= 1
        if kind == 3:
            raise ValueError("no length of MLS begins so")
        size = self.number(1 << kind) & ((1 << (8 << kind) - 2) - 1)
        if self.at + size > len(self.data):
            raise ValueError("the MLS message ends too early")
        self.at += size
        return self.data[self.at - size : self.at]

    def skip_vectors(self, count: int) -> None:
        for _ in range(count):
            self.vector()

    def skip_leaf_node(self) -> None:
        """LeafNode, section 7.2."""
        self.skip_vectors(2)  # encryption_key, signature_key
        self.number(2)  # credential type: basic is all DAVE has
        self.skip_vectors(1 + 5)  # identity; capabilities
        source = self.number(1)
        if source == FROM_KEY_PACKAGE:
            self.number(16)  # lifetime
        elif source == FROM_COMMIT:
            self.vector()  # parent_hash
        self.skip_vectors(2)  # extensions, signature


def split_commit(data: bytes) -> tuple[bytes, bytes]:
    """
    Return the commit and the welcome (empty when there is none) that opcode 28 carries one behind the other.

    Raises ValueError when it does not begin with a commit as a public message of a member.
    """
    reader = Reader(data)
    if reader.number(2) != MLS_10 or reader.number(2) != PUBLIC_MESSAGE:
        raise ValueError("no public message of MLS 1.0")
    reader.vector()  # group_id
    reader.number(8)  # epoch
    if reader.number(1) != MEMBER:
        raise ValueError("not by a member")
    reader.number(4)  # leaf index
    reader.vector()  # authenticated_data
    if reader.number(1) != COMMIT:
        raise ValueError("no commit")
    reader.vector()  # proposals
    if reader.number(1):  # an UpdatePath
        reader.skip_leaf_node()
        reader.vector()  # nodes
    reader.skip_vectors(3)  # signature, confirmation_tag, membership_tag
    return data[: reader.at], data[reader.at :]


class ExternalSender:
    """The voice server's signing key: P-256, as DAVE's ciphersuite 2 asks."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def package(self) -> bytes:
        """Return the ExternalSender of opcode 25 (section 12.1.8.1)."""
        public = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return vector(public) + struct.pack(">H", BASIC) + vector(bytes(8))

    def add(self, key_package: bytes, *, group: int, epoch: int) -> bytes:
        return self._propose(struct.pack(">H", ADD) + key_package, group, epoch)

    def remove(self, leaf: int, *, group: int, epoch: int) -> bytes:
        return self._propose(struct.pack(">HI", REMOVE, leaf), group, epoch)

    def _propose(self, proposal: bytes, group: int, epoch: int) -> bytes:
        """Return a list of one proposal, as opcode 27 has it behind its operation type."""
        framed = (
            struct.pack(">HH", MLS_10, PUBLIC_MESSAGE)
            + vector(struct.pack(">Q", group))
            + struct.pack(">QBI", epoch, EXTERNAL, 0)
            + vector(b"")
            + bytes([PROPOSAL])
            + proposal
        )
        # SignWithLabel, section 5.1.2; an external sender signs no group context (section 6.1).
        signed = vector(b"MLS 1.0 FramedContentTBS") + vector(framed)
        return vector(framed + vector(self._key.sign(signed, ec.ECDSA(hashes.SHA256()))))
