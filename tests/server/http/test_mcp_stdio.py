"""`avatar-rtc mcp` as a coding agent starts it: a process whose output is nothing but the protocol."""

import base64
import io
import json
import subprocess
import sys

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from PIL import Image

from avatar_rtc.cli import mcp as command
from avatar_rtc.cli.main import main
from avatar_rtc.server.http.keys import AVATARS

PROGRAM = [sys.executable, "-c", "import sys; from avatar_rtc.cli.main import main; sys.exit(main())", "mcp"]


def started(client, *arguments: str) -> StdioServerParameters:
    url = str(client.make_url("/"))
    return StdioServerParameters(command=PROGRAM[0], args=[*PROGRAM[1:], "--url", url, *arguments])


async def test_an_agent_talks_acts_sees_and_is_told_what_is_wrong(client):
    avatar = client.server.app[AVATARS]["main"]
    async with Client(stdio_client(started(client))) as face:
        assert [tool.name for tool in (await face.list_tools()).tools][:2] == ["say", "wait_until_spoken"]
        said = (await face.call_tool("say", {"text": "Pa ma.", "wait": True})).structured_content
        assert said["heard"]["is_over"] and said["heard"]["position_ms"] > 200
        wanted = {"speech_id": said["speech_id"]}
        again = (await face.call_tool("wait_until_spoken", wanted)).structured_content
        assert again == said["heard"]
        for tool, arguments in (
            ("feel", {"emotion": "joy", "intensity": 0.5}),
            ("gesture", {"name": "nod"}),
            ("look", {"at": None}),
            ("activity", {"doing": "thinking"}),
            ("work", {"on": True}),
            ("become", {"character": "hero"}),
        ):
            answer = await face.call_tool(tool, arguments)
            assert not answer.is_error, answer
        assert avatar.state.intensity == 0.5 and avatar.state.data_eyes.on
        assert avatar.state.activity.name == "thinking"
        picture = (await face.call_tool("snapshot", {})).content[0]
        with Image.open(io.BytesIO(base64.b64decode(picture.data))) as image:
            assert image.mode == "RGBA" and max(image.size) <= 512
        for tool, arguments, says in (
            ("become", {"character": "nobody"}, "there is no character 'nobody'"),
            ("feel", {"emotion": "jou"}, "did you mean 'joy'"),
            ("say", {"text": "Hm.", "avatar": "nobody"}, "there is no avatar 'nobody'"),
        ):
            answer = await face.call_tool(tool, arguments)
            assert answer.is_error and says in answer.content[0].text, answer
        assert not (await face.call_tool("hush", {})).is_error


async def test_a_server_that_is_away_is_a_sentence_and_no_end(tmp_path):
    away = StdioServerParameters(command=PROGRAM[0], args=[*PROGRAM[1:], "--url", "http://127.0.0.1:9"])
    async with Client(stdio_client(away), mode="legacy") as face:
        answer = await face.call_tool("avatars", {})
        assert answer.is_error and "cannot reach" in answer.content[0].text


def test_nothing_but_the_protocol_comes_out():
    said = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"},
        },
    }  # fmt: skip
    ended = subprocess.run(PROGRAM, input=json.dumps(said) + "\n", capture_output=True, text=True, timeout=60)
    lines = ended.stdout.splitlines()
    assert ended.returncode == 0 and len(lines) == 1, ended
    assert json.loads(lines[0])["result"]["protocolVersion"] == "2024-11-05"


def test_bad_input_and_a_missing_extra_are_told(capsys, monkeypatch):
    assert main(["mcp", "--url", "ftp://example.org"]) == 2
    assert "http" in capsys.readouterr().err
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert main(["mcp"]) == 1
    assert "pip install 'avatar-rtc[mcp]'" in capsys.readouterr().err
