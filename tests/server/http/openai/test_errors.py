"""Every error under `/v1` comes in OpenAI's envelope, whoever refuses, and all others as a problem."""

import json

import openai
import pytest

from avatar_rtc.bench.scripted_upstream import Answer, chat_events
from avatar_rtc.config_sections import AccessConfig, AccessKey
from tests.server.conftest import UNSHARED

KEYS = {"viewer": "view", "driver": "control"}
VIEWER = "a-fixed-key-of-a-viewer"


@pytest.fixture
def guarded(openai_config, monkeypatch):
    """Settings that ask for tokens, with a key for the upstream."""
    monkeypatch.setenv("UPSTREAM_KEY", "the-upstream-key")
    keys = {}
    for name, scope in KEYS.items():
        monkeypatch.setenv(name.upper(), f"a-fixed-key-of-a-{name}")
        keys[name] = AccessKey(key=f"env:{name.upper()}", scope=scope)
    keys["guest"] = AccessKey(key="env:GUEST", scope="control", avatar="guest")
    monkeypatch.setenv("GUEST", "a-fixed-key-of-a-guest")
    access = AccessConfig(keys=keys)

    def make(**settings):
        made = openai_config(key="env:UPSTREAM_KEY", **settings)
        return made.model_copy(update={"access": access})

    return make


def told(answer, status: int, body: bytes) -> dict:
    assert (answer.status, answer.content_type) == (status, "application/json"), body
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["message"]
    return error


async def test_all_refusals_are_in_the_envelope(serve, guarded, config):
    client = await serve(guarded())
    asked = [
        ("POST", "/v1/chat/completions", {}, 401, "authentication_error"),
        ("POST", "/v1/responses", {"Authorization": f"Bearer {VIEWER}"}, 403, "permission_error"),
        ("GET", "/v1/models", {"Authorization": "Bearer nonsense"}, 401, "authentication_error"),
        ("GET", "/v1/nowhere", {}, 404, "invalid_request_error"),
        ("DELETE", "/v1/chat/completions", {}, 405, "invalid_request_error"),
        ("GET", "/v1/models", {"Host": "evil.example"}, 403, "permission_error"),
        ("GET", "/v1/models", {"Origin": "https://evil.example"}, 403, "permission_error"),
    ]  # fmt: skip
    for method, path, headers, status, kind in asked:
        answer = await client.request(method, path, headers=headers)
        assert told(answer, status, await answer.read())["type"] == kind, (method, path, headers)
    open_client = await serve(config)
    for body, headers, status in (
        (b"x" * 70_000, {"Content-Type": "application/json"}, 413),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"[", {"Content-Type": "application/json"}, 400),
    ):
        answer = await open_client.post("/v1/audio/speech", data=body, headers=headers)
        told(answer, status, await answer.read())
    answer = await open_client.get("/api/v1/nowhere")
    assert answer.content_type == "application/problem+json" and "error" not in await answer.json()


async def test_too_much_speech_is_429_and_says_when(serve, config, ask_as):
    limits = UNSHARED.model_copy(update={"speech_s_per_minute": 1.0})
    client = ask_as(await serve(config.model_copy(update={"limits": limits})), max_retries=0)
    with pytest.raises(openai.RateLimitError, match="seconds of speech") as error:
        for _ in range(2):
            await client.audio.speech.create(model="tts-1", voice="nova", input="Hello there. " * 6)
    assert int(error.value.response.headers["Retry-After"]) > 0 and error.value.code == "rate_limit_exceeded"


@pytest.mark.parametrize("send", ["ours", "caller"])
async def test_one_bearer_token_goes_upstream_and_none_is_logged(
    serve, guarded, ask_as, upstream, send, caplog
):
    caplog.set_level("DEBUG")
    client = ask_as(await serve(guarded(send=send)), api_key="a-fixed-key-of-a-driver", max_retries=0)
    upstream.tells(Answer([(0.0, event) for event in chat_events(["Hi."])]))
    stream = await client.chat.completions.create(
        model="m", messages=[], stream=True, extra_headers={"Cookie": "secret=1", "X-Title": "a program"}
    )
    assert "".join([c.choices[0].delta.content or "" async for c in stream]) == "Hi."
    headers = {name.lower(): value for name, value in upstream.received[0].headers.items()}
    sent = "the-upstream-key" if send == "ours" else "a-fixed-key-of-a-driver"
    assert headers["authorization"] == f"Bearer {sent}" and headers["accept-encoding"] == "identity"
    assert "cookie" not in headers and headers["x-title"] == "a program"
    assert headers["host"].startswith("127.0.0.1:")
    upstream.tells(Answer([], 401, {"Content-Type": "application/json"}))
    with pytest.raises(openai.AuthenticationError):
        await client.chat.completions.create(model="m", messages=[])
    for key in ("the-upstream-key", "a-fixed-key"):
        assert key not in caplog.text


async def test_a_guest_speaks_by_its_own_avatar_alone(serve, guarded, ask_as, upstream):
    client = ask_as(await serve(guarded()), api_key="a-fixed-key-of-a-guest", max_retries=0)
    with pytest.raises(openai.PermissionDeniedError, match="'guest' alone"):
        await client.chat.completions.create(model="avatar/main/m", messages=[])
    with pytest.raises(openai.PermissionDeniedError):
        await client.audio.speech.create(model="avatar/main", voice="x", input="Hi.")
    with pytest.raises(openai.NotFoundError, match="'guest'"):
        await client.chat.completions.create(model="m", messages=[])
    assert [model.id for model in (await client.models.list()).data] == ["tiny"]
    assert not upstream.received


async def test_models_are_merged_and_a_slow_list_is_not_waited_for(serve, openai_config, ask_as, upstream):
    client = ask_as(await serve(openai_config(models_s=0.2)), max_retries=0)
    ids = [model.id for model in (await client.models.list()).data]
    assert ids == ["avatar/main", "avatar/main/tiny", "tiny"]
    for name in ids:
        assert (await client.models.retrieve(name)).id == name
    with pytest.raises(openai.NotFoundError) as error:
        await client.models.retrieve("avatar/nobody/tiny")
    assert error.value.code == "model_not_found" and error.value.param == "model"
    for wrong in ([], {"data": 3}, {"data": [{"id": 3}, "x"]}, "x"):
        upstream.models = wrong
        assert [model.id for model in (await client.models.list()).data] == ["avatar/main"]
    upstream.models_after_s = 5.0
    assert [model.id for model in (await client.models.list()).data] == ["avatar/main"]
