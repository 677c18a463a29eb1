"""`avatar-rtc vts` against a real server."""

import asyncio

import pytest

from avatar_rtc.cli.main import main
from avatar_rtc.config_sections import AccessConfig, AccessKey
from avatar_rtc.server.http.keys import PLUGINS
from tests.waiting import until


@pytest.fixture
def vts(client, capsys):
    """(arguments) → exit code, what was printed, what was complained of."""

    async def run(*arguments: str) -> tuple[int, str, str]:
        url = str(client.make_url("/"))
        code = await asyncio.to_thread(main, ["vts", *arguments, "--url", url])
        return code, *capsys.readouterr()

    return run


async def asking(connect, client, name="A deck"):
    page = await connect(origin="https://deck.example")
    await page.send("AuthenticationToken", "q", {"pluginName": name, "pluginDeveloper": "Somebody"})
    await until(lambda: client.app[PLUGINS].question)
    return page


async def test_a_plugin_is_listed_allowed_and_taken_back(vts, connect, client):
    port = client.app[PLUGINS].port
    assert await vts() == (0, f"plugins connect on port {port}\n", "")
    page = await asking(connect, client)
    code, out, _ = await vts("list")
    assert code == 0 and "'A deck' of 'Somebody', a page of 'https://deck.example' asks" in out
    assert await vts("allow") == (0, "'A deck' of 'Somebody' is allowed\n", "")
    assert len((await page.next())["data"]["authenticationToken"]) == 64
    assert "'A deck' of 'Somebody'" in (await vts())[1]
    assert await vts("revoke", "A deck") == (0, "'A deck' of 'Somebody' is allowed no more\n", "")
    assert client.app[PLUGINS].allowed == {}


async def test_one_is_denied(vts, connect, client):
    page = await asking(connect, client)
    assert await vts("deny") == (0, "'A deck' of 'Somebody' is denied\n", "")
    assert (await page.next())["data"]["errorID"] == 50
    assert await vts("allow") == (1, "no plugin asks\n", "")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("revoke",), "revoke takes the name of a plugin"),
        (("allow", "A deck"), "allow takes no plugin"),
        (("revoke", "Nobody"), "no plugin is called 'Nobody'"),
    ],
)
async def test_what_it_does_not_understand(vts, arguments, complaint):
    code, _, wrong = await vts(*arguments)
    assert code == 2 and complaint in wrong


async def test_it_takes_a_token_of_the_scope_admin(serve, config, capsys, monkeypatch):
    monkeypatch.setenv("CONTROL_KEY", "a-key-that-is-long-enough")
    monkeypatch.setenv("ADMIN_KEY", "another-key-that-is-long-enough")
    keys = {name: AccessKey(key=f"env:{name.upper()}_KEY", scope=name) for name in ("control", "admin")}
    client = await serve(config.model_copy(update={"access": AccessConfig(keys=keys)}))
    url = str(client.make_url("/"))
    for key, code in (("a-key-that-is-long-enough", 2), ("another-key-that-is-long-enough", 0)):
        assert await asyncio.to_thread(main, ["vts", "--url", url, "--token", key]) == code
    assert "takes admin" in capsys.readouterr().err
