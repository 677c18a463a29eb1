"""A stand-in for a language model: OpenAI's chat completions that repeat what was said, word by word.

With it chat.html runs without an account: `python examples/web/echo.py`. It needs nothing but Python, and
answers pages of every origin on this machine.
"""

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8090
LARGEST = 65_536
"""Bytes of a request."""


def answer(messages: list[dict[str, str]]) -> str:
    said = next((each["content"] for each in reversed(messages) if each.get("role") == "user"), "")
    return f"[joy] You said: {said} That is all an echo can say. Give me a language model, and I will think."


def events(text: str) -> Iterator[bytes]:
    """The answer as server-sent events, a word in each."""
    for word in text.split(" "):
        chunk = {
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": {"content": f"{word} "}}],
        }
        yield f"data: {json.dumps(chunk)}\n\n".encode()
    yield b"data: [DONE]\n\n"


class Echo(BaseHTTPRequestHandler):
    def do_OPTIONS(self) -> None:
        self._begin(204, "text/plain")

    def do_POST(self) -> None:
        try:
            body = json.loads(self.rfile.read(min(int(self.headers["Content-Length"]), LARGEST)))
            text = answer(body["messages"])
        except (KeyError, TypeError, ValueError) as error:
            self._begin(400, "text/plain")
            self.wfile.write(f"wanted is JSON with messages: {error!r}".encode())
            return
        self._begin(200, "text/event-stream")
        for event in events(text):
            self.wfile.write(event)
            self.wfile.flush()

    def _begin(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Headers", "*")
        self.end_headers()


if __name__ == "__main__":
    port = int(sys.argv[1]) if sys.argv[1:] else PORT
    with ThreadingHTTPServer(("127.0.0.1", port), Echo) as server:
        print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
        server.serve_forever()
