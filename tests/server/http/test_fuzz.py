"""Requests nobody would send, at a real server: each is answered as documented, and it goes on.

What is sent follows from the server's own OpenAPI document, and is the same every time.
"""

import contextlib
import json
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation

from avatar_rtc.bench.served import Served, served
from tests.lean import PROGRAM

pytestmark = pytest.mark.slow
REQUESTS = 150
"""`make soak` sends thousands."""
ANSWER_S = 20.0
"""A picture through a chain, on a machine that has other things to do."""


@dataclass(frozen=True)
class Target:
    """A server to be fuzzed, and what it logs."""

    served: Served
    log: Path

    @property
    def url(self) -> str:
        return self.served.url

    def get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(self.url + path, timeout=ANSWER_S) as response:
            return json.load(response)

    def tell(self, method: str, path: str, **body: Any) -> None:
        answer = requests.request(
            method, f"{self.url}api/v1/avatars/main/{path}", json=body, timeout=ANSWER_S
        )
        assert answer.ok, answer.text

    def calm(self) -> None:
        """Take back whatever `main` was told that would keep pictures from coming."""
        self.tell("PUT", "settings")
        self.tell("PUT", "crop", enabled=False)
        self.tell("PUT", "chain", chain=[])
        self.tell("PUT", "backdrop")
        self.tell("PUT", "pause", on=False)
        self.tell("DELETE", "speech")

    def check_unharmed(self) -> None:
        health = self.get("healthz")
        assert (health["status"], health["worker_restarts"], health["avatars"]["main"]) == ("ok", 0, "live")
        log = self.log.read_text(errors="replace")
        assert "Traceback" not in log and "ERROR" not in log, log[-3000:]


@contextlib.contextmanager
def fuzzed(folder: Path) -> Iterator[Target]:
    """A server whose uploads and log go into a folder."""
    config, log = folder / "config.toml", folder / "log.txt"
    # Every message is to be read, and none refused for coming too soon, or for its caller's share.
    shares = ("offers", "uploads", "snapshots", "speech_s")
    limits = "[limits]\nmessages_per_s = 100000\n" + "".join(f"{each}_per_minute = 1e6\n" for each in shares)
    config.write_text(f"data_dir = {json.dumps(str(folder / 'own'))}\n{limits}")
    with contextlib.ExitStack() as stack:
        with patch.object(tempfile, "TemporaryFile", lambda: log.open("w+b")):
            flags = ("--animator", "static", "--config", str(config))
            server = stack.enter_context(served(*flags, program=PROGRAM))
        yield Target(server, log)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with fuzzed(tmp_path_factory.mktemp("fuzzed")) as target:
        yield target


def examples(count: int) -> Callable[[Callable], Callable]:
    """The same `count` of them every time."""
    return settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@schemathesis.serializer(
    "application/sdp", "application/trickle-ice-sdpfrag", "audio/*", "image/*", "application/zip"
)
def as_it_is(context: schemathesis.SerializationContext, value: object) -> bytes:
    """Bodies that have no schema."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


class Requests:
    """Sends what a document allows, and what it does not."""

    def __init__(self, target: Target, cases: int) -> None:
        self._target = target
        document = target.get("openapi.json")
        self._operations = [
            cast(Any, result).ok() for result in schemathesis.openapi.from_dict(document).get_all_operations()
        ]
        self._examples = {op.label: self._example(document, op) for op in self._operations}
        variable = sum(self._varies(operation) for operation in self._operations)
        self._share = -(-cases // (2 * variable))
        self._session = requests.Session()
        self._nowhere = self._avatar_from_nowhere()
        self.sent = 0
        self.statuses: dict[int, int] = {}
        self.faults: dict[tuple[str, int | str], str] = {}
        """What should not have been answered so, one of each kind, as a command that does it again."""

    def send(self) -> None:
        """Everything."""
        for operation in self._operations:
            fixed = {"avatar": self._avatar_for(operation)}
            self._send(operation, GenerationMode.POSITIVE, self._share, fixed)
            if self._varies(operation):
                self._send(operation, GenerationMode.NEGATIVE, self._share, fixed)
            if "{avatar}" in operation.path:
                self._send(operation, GenerationMode.POSITIVE, 1, {})

    @staticmethod
    def _example(document: dict[str, Any], operation: APIOperation) -> Any:
        described = document["paths"][operation.path][operation.method]
        content = described.get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("example")

    @staticmethod
    def _varies(operation: APIOperation) -> bool:
        return bool(list(operation.body) or list(operation.query))

    def _avatar_from_nowhere(self) -> str:
        """One whose character is not stored: a student of it cannot be made, so none is begun."""
        png = (Path(__file__).parents[2] / "data" / "disc_long.png").read_bytes()
        answer = self._session.post(f"{self._target.url}api/avatar/load", files={"file": png})
        assert answer.ok, answer.text
        return str(answer.json()["instance_id"])

    def _avatar_for(self, operation: APIOperation) -> str:
        if operation.label == "DELETE /api/v1/avatars/{avatar}":
            return "nobody"
        return self._nowhere if operation.path.endswith("/distillation") else "main"

    def _send(self, operation: APIOperation, mode: GenerationMode, count: int, fixed: dict[str, str]) -> None:
        documented = set(operation.definition.raw["responses"])

        @examples(count)
        @given(operation.as_strategy(generation_mode=mode, path_parameters=fixed))
        def send(case: Case) -> None:
            self._aim(case)
            if case.query and case.query.get("instance_id") == "main":
                return  # an answer without an end
            self.sent += 1
            try:
                answer = case.call(base_url=self._target.url, session=self._session, timeout=ANSWER_S)
            except requests.RequestException as lost:
                self.faults[operation.label, type(lost).__name__] = case.as_curl_command()
                return
            status = answer.status_code
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if str(status) not in documented or status in (500, 502):
                self.faults[operation.label, status] = f"{case.as_curl_command()} {answer.text:.300}"

        send()

    @staticmethod
    def _aim(case: Case) -> None:
        """Most instances the predecessor's clients mean are there, and not deleted at once."""
        if isinstance(case.body, dict) and isinstance(case.body.get("instance_id"), str):
            case.body["instance_id"] = "nobody" if case.path.endswith("/unload") else "main"


def send_requests(target: Target, cases: int) -> Requests:
    fuzz = Requests(target, cases)
    fuzz.send()
    assert not fuzz.faults, "\n".join(f"{kind}: {command}" for kind, command in fuzz.faults.items())
    assert fuzz.sent >= 0.9 * cases, fuzz.statuses
    # Neither all refused nor all taken: both sides of every check are reached.
    assert sum(n for s, n in fuzz.statuses.items() if s < 300) > cases / 5, fuzz.statuses
    assert fuzz.statuses[400] > cases / 5, fuzz.statuses
    target.calm()
    target.check_unharmed()
    return fuzz


def test_no_request_breaks_the_server(target: Target) -> None:
    send_requests(target, REQUESTS)
