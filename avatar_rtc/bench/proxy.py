"""Replies of language models on their way through: what that adds, and how soon they are heard."""

import asyncio
import json
import random
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import aiohttp
from aiohttp import web

from avatar_rtc.bench.measurement import Measurement, at_least, at_most, percentile, spread, told
from avatar_rtc.bench.scripted_upstream import Answer, ScriptedUpstream, chat_chunk, chat_events
from avatar_rtc.bench.served import Served, served
from avatar_rtc.bench.wire import Signal, Wire, hear, wires_of
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

ADDED_MS = 5
"""To a token, by the way through this server."""
SOUND_AFTER_SENTENCE_MS = 350
"""From the last token of the first sentence, D included."""
TOKEN_S = 0.02
"""Between two tokens: fifty a second."""
_FIRST_SENTENCES = ("Hello there.", "That is a good question!", "Let me think about it.", "Oh, I see.")
_REST = " Then we can go on with what you have asked for, step by step."
_GAP_S = 0.3
_PATIENCE_S = 15.0


def measure(quick: bool) -> list[Measurement]:
    """Ask a scripted model through a server with a student, beside a viewer and without."""
    with socket.socket() as listener, tempfile.TemporaryDirectory() as folder:
        listener.bind(("127.0.0.1", 0))
        settings = Path(folder) / "settings.toml"
        upstream = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        shares = "[limits]\nspeech_s_per_minute = 1000000.0\n"
        settings.write_text(f'data_dir = "{folder}"\n[openai]\nupstream = "{upstream}"\n{shares}')
        flags = ("--character", "liora", "--animator", "student", "--fps", "30", "--config", str(settings))
        with served(*flags) as server:
            return asyncio.run(_measured(server, listener, upstream, quick))


async def _measured(server: Served, listener: socket.socket, upstream: str, quick: bool) -> list[Measurement]:
    async with _scripted(listener) as scripted, aiohttp.ClientSession() as session:
        asking = _Asking(session, scripted, server.url + "v1/chat/completions")
        direct = _Asking(session, scripted, f"{upstream}/chat/completions")
        tokens = 100 if quick else 1_000
        own = await direct.delays(tokens)
        through = await asking.delays(tokens)
        added = [1000 * (delay - percentile(own, 50)) for delay in through]
        same = [await asking.is_same(seed) for seed in range(20 if quick else 300)]
        grown, passed = await _grown(server, asking, 2_000 if quick else 40_000)
        sounds = await _sounds(server, asking, 3 if quick else 30)
        delay_ms = (await asyncio.to_thread(server.state))["delay_ms"]
    return [
        at_most("delay added to a token, p95", percentile(added, 95), "ms", ADDED_MS, **spread(added)),
        at_least("streams cut at random whose bytes are the same", 100 * sum(same) / len(same), "%", 100),
        told("memory that a long reply leaves", grown, "MB", tokens=passed),
        at_most(
            "last token of the first sentence to the first sound on the wire, p95",
            percentile(sounds, 95),
            "ms",
            SOUND_AFTER_SENTENCE_MS,
            **spread(sounds),
            delay_ms=delay_ms,
        ),
    ]


@asynccontextmanager
async def _scripted(listener: socket.socket) -> AsyncIterator[ScriptedUpstream]:
    scripted = ScriptedUpstream()
    runner = web.AppRunner(scripted.application(), handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    try:
        yield scripted
    finally:
        await runner.cleanup()


class _Asking:
    """Asks one of both ways."""

    def __init__(self, session: aiohttp.ClientSession, scripted: ScriptedUpstream, url: str) -> None:
        self._session, self.scripted, self._url = session, scripted, url

    async def ask(self, *parts: tuple[float, bytes], speak: bool = True) -> list[tuple[float, bytes]]:
        """CLOCK_MONOTONIC second at which each stretch of the answer came."""
        self.scripted.sent.clear()
        self.scripted.tells(Answer(parts))
        body = {"model": "tiny", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
        headers = {"X-Avatar-Speak": "yes" if speak else "no"}
        came = []
        async with self._session.post(self._url, json=body, headers=headers) as answer:
            while part := await answer.content.readany():
                came.append((time.monotonic(), part))
        return came

    async def delays(self, count: int) -> list[float]:
        """Of each token, in s, while all of it is spoken."""
        events = chat_events([f" Number {number}, and so on." for number in range(count)])
        came = await self.ask(*((TOKEN_S, event) for event in events))
        return _delays(self.scripted.sent, came)

    async def is_same(self, seed: int) -> bool:
        """Whether a stream that is cut at random comes as it was sent."""
        chance = random.Random(seed)
        words = ["Grüße", " 世界", " 😀", "[joy]", "*waves*", "<think>", "</think>", " well.", "\n", "```"]
        events = chat_events([chance.choice(words) for _ in range(40)])
        whole = b"".join(chance.choice([event, b": ping\n\n" + event]) for event in events)
        whole = whole.replace(b"\n", b"\r\n") if chance.random() < 0.5 else whole
        cuts = sorted({0, len(whole), *(chance.randrange(len(whole)) for _ in range(chance.randrange(60)))})
        came = await self.ask(*((0.0, whole[begin:end]) for begin, end in pairwise(cuts)))
        return b"".join(part for _, part in came) == whole


def _delays(sent: Sequence[tuple[float, bytes]], came: Sequence[tuple[float, bytes]]) -> list[float]:
    """From the sending of each part until the last byte of it came."""
    found, here, at = [], 0, 0
    arrivals = iter(came)
    when = 0.0
    for sent_at, part in sent:
        at += len(part)
        while here < at:
            when, more = next(arrivals)
            here += len(more)
        found.append(when - sent_at)
    return found


async def _grown(server: Served, asking: _Asking, tokens: int) -> tuple[float, int]:
    """MB by which the server is larger after a long reply, as fast as it goes; and its tokens."""
    part = b"".join(chat_chunk({"content": f" word {number}"}) for number in range(100))
    await asking.ask(*((0.0, part) for _ in range(20)))
    before = _resident_mb(server)
    await asking.ask(*((0.0, part) for _ in range(tokens // 100)))
    return _resident_mb(server) - before, tokens


async def _sounds(server: Served, asking: _Asking, count: int) -> list[float]:
    """Of each reply, ms."""
    async with AvatarClient(server.url, video="matte", audio=True) as avatar:
        sounds, _ = wires_of(avatar)
        voice = Signal(round(_GAP_S * AUDIO_CLOCK_HZ))
        reading = asyncio.create_task(hear(avatar.audio(), sounds, voice))
        await _sound(asking, avatar, sounds, voice, 0)  # the voice is loaded, and D settles
        found = [await _sound(asking, avatar, sounds, voice, number) for number in range(count)]
        reading.cancel()
    return found


async def _sound(asking: _Asking, avatar: AvatarClient, sounds: Wire, voice: Signal, number: int) -> float:
    sentence = _FIRST_SENTENCES[number % len(_FIRST_SENTENCES)]
    tokens = [*_tokens(sentence), *_tokens(_REST)]
    events = chat_events(tokens)
    await avatar.stop_speaking()
    await asyncio.sleep(2 * _GAP_S)
    voice.forget()
    asked = asyncio.create_task(asking.ask(*((TOKEN_S, event) for event in events)))
    heard = await voice.onset(_PATIENCE_S)
    await asked
    arrived = sounds.arrived(heard.block)
    assert arrived is not None, "packets are remembered for longer than a reply lasts"
    last = len(_tokens(sentence))  # behind the event of the role
    sent_at, event = asking.scripted.sent[last]
    assert json.loads(event[6:])["choices"][0]["delta"]["content"] == tokens[last - 1]
    return 1000 * (arrived - sent_at)


def _tokens(text: str) -> list[str]:
    """As models cut: a word with the space before it, a sign by itself."""
    words = text.split(" ")
    cut = [word if not number else f" {word}" for number, word in enumerate(words) if word]
    return [token for word in cut for token in ([word[:-1], word[-1]] if word[-1] in ".!?," else [word])]


def _resident_mb(server: Served) -> float:
    return float(server.process.memory_info().rss) / 1e6
