"""What a language model writes comes cleaned to the engine and the subtitle, through every door."""

import pytest
from aiohttp.test_utils import TestClient

from avatar_rtc.config_sections import SpeechConfig
from avatar_rtc.server.http.keys import AVATARS, ENGINES, SPEAKER
from avatar_rtc.server.live.voice.speaker import Speaker
from avatar_rtc.speech.cleaning.cleaner import ReadAloud, read_aloud_of
from tests.server.live.test_words_heard import Recorder
from tests.waiting import until

SPEECH = "/api/v1/avatars/main/speech"
WRITTEN = "<think>Hidden. Hidden.</think>*waves slowly* Hello &amp; welcome!\n```py\nhidden\n```"


@pytest.fixture
async def engine(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Stands in for all engines of the server."""
    recorder = Recorder(ssml=True)

    async def resolve(*_: object) -> tuple[Recorder, str]:
        return recorder, ""

    for name in ("resolve", "resolve_own"):
        monkeypatch.setattr(client.app[ENGINES], name, resolve)
    return recorder


async def test_a_whole_text_a_stream_and_the_doors_of_others(client: TestClient, engine: Recorder) -> None:
    queue = client.app[AVATARS].get("main").speech.queue
    assert (await client.post(SPEECH, json={"text": WRITTEN})).status == 202
    begun = await (await client.post(SPEECH, json={"text": "", "more": True})).json()
    for sign in WRITTEN:
        await client.post(f"{SPEECH}/{begun['speech_id']}", json={"text": sign})
    await client.post(f"{SPEECH}/{begun['speech_id']}", json={"text": "", "more": False})
    await until(lambda: queue.is_silent)
    for path, field in (("/api/tts/speak", "text"), ("/v1/audio/speech", "input")):
        assert (await client.post(path, json={field: WRITTEN, "voice": ""})).status == 200
    assert engine.told == 4 * ["Hello & welcome!"]


async def test_a_request_may_want_narration(client: TestClient, engine: Recorder) -> None:
    queue = client.app[AVATARS].get("main").speech.queue
    for narration in ("speak", "skip", "act", None):
        await client.post(SPEECH, json={"text": "*waves* Hello!", "narration": narration})
    await until(lambda: queue.is_silent)
    assert engine.told == ["waves Hello!", "Hello!", "Hello!", "Hello!"]
    refused = await client.post(SPEECH, json={"text": "Hello!", "narration": "shout"})
    assert refused.status == 400 and "narration" in (await refused.json())["detail"]


async def test_with_nothing_left_to_say_the_speech_is_over_without_a_sound(
    client: TestClient, engine: Recorder, watch
) -> None:
    watcher = await watch()
    await watcher.event(lambda event: event["type"] == "state")
    await client.post(SPEECH, json={"text": "<think>Hidden."})
    over = await watcher.event(lambda event: event["type"] == "speech.finished")
    assert (over["position_ms"], over["interrupted"], engine.told) == (0, False, [])
    assert "detail" not in over
    sound = await client.post("/v1/audio/speech", json={"input": "*waves*", "response_format": "wav"})
    assert sound.status == 200 and engine.told == []


def test_the_settings_say_what_is_read_aloud(client: TestClient) -> None:
    config = SpeechConfig(narration="speak", code="speak", tables="speak", reasoning="from_start")
    assert read_aloud_of(config) == ReadAloud(True, True, True, True, acts=False)
    assert read_aloud_of(SpeechConfig(narration="skip")) == ReadAloud(acts=False)
    speaker: Speaker = client.app[SPEAKER]
    assert speaker.read_aloud == read_aloud_of(SpeechConfig()) == ReadAloud()
