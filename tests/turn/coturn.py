"""The real coturn on this machine, with the settings that `avatar-rtc turn` writes."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from avatar_rtc.cli.turn_conf import turn_conf
from avatar_rtc.config import Config
from avatar_rtc.config_sections import TurnConfig
from avatar_rtc.server.http.routes.ice import Credential, turn_credential
from tests.certificates import make_certificate
from tests.waiting import wait_until

SECRET = "a-secret-of-this-test-0123456789"
TURNSERVER = shutil.which("turnserver")
TRANSPORTS = ("udp", "tcp", "tls")


@dataclass(frozen=True)
class Coturn:
    """A running one, and the settings of a server that uses it."""

    config: Config
    port: int
    certificate: Path
    """Which whoever comes by TLS has to trust."""

    def url(self, transport: str) -> str:
        """One of `TRANSPORTS`, as a URL of the settings."""
        return dict(zip(TRANSPORTS, self.config.turn.urls, strict=True))[transport]


@contextlib.contextmanager
def coturn(folder: Path) -> Iterator[Coturn]:
    """On 127.0.0.1 by UDP, TCP and TLS. Only addresses and files differ from what an operator runs."""
    plain, secure = free_port(), free_port()
    certificate, key = make_certificate(folder)
    config = Config(
        media_host="127.0.0.1",
        turn=TurnConfig(
            urls=(
                f"turn:127.0.0.1:{plain}?transport=udp",
                f"turn:127.0.0.1:{plain}?transport=tcp",
                f"turns:localhost:{secure}?transport=tcp",
            ),
            secret=SECRET,
            peers=("::1",),
            tls_cert=certificate,
            tls_key=key,
        ),
    )
    file = folder / "turnserver.conf"
    file.write_text(turn_conf(config))
    command = (
        *(str(TURNSERVER), "-c", str(file), "--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1"),
        # Whoever comes by IPv6 gets a relay of it.
        *("--listening-ip", "::1", "--relay-ip", "::1", "--keep-address-family"),
        *("--pidfile", str(folder / "pid"), "--userdb", str(folder / "db")),
    )
    with (folder / "coturn.log").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            wait_until(lambda: _takes(plain) and _takes(secure), 20, (folder / "coturn.log").read_text)
            yield Coturn(config, plain, certificate)
        finally:
            process.terminate()
            process.wait(10)


def credential(secret: str = SECRET, expires_in: int = 60) -> Credential:
    """What our server hands out under this secret."""
    return turn_credential(secret, "viewer", int(time.time()) + expires_in)


def free_port() -> int:
    """Of TCP, on this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _takes(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
