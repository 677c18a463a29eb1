"""Who may drive an avatar by VTube Studio's API: questions, tokens, the file in which they are kept."""

import asyncio
import json

import pytest

from avatar_rtc.errors import NotFound
from avatar_rtc.server.access.plugins import (
    AUTO_BURST,
    AUTO_PER_S,
    DENIED_S,
    MOST_PLUGINS,
    MOST_TOKENS,
    QUESTION_S,
    AlreadyAsking,
    PluginDenied,
    Plugins,
    plugin_id,
)
from tests import virtual_time

WHO = ("Mouse Tracker", "Somebody")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "data" / "plugins.json"


async def asked(plugins, *who, origin=""):
    asking = asyncio.create_task(plugins.ask(*(who or WHO), origin))
    await asyncio.sleep(0)
    return asking


def test_a_token_counts_for_its_plugin_alone_and_after_a_restart(file):
    async def main():
        plugins = Plugins(file)
        asking = await asked(plugins)
        assert (plugins.question.name, plugins.question.developer) == WHO
        plugins.answer(plugins.question.id, True)
        token = await asking
        assert len(token) == 64 and token.isascii() and plugins.question is None
        for known in (plugins, Plugins(file)):
            assert known.admits(*WHO, token)
            assert not known.admits(*WHO, token[:-1]) and not known.admits(*WHO, "")
            assert not known.admits("Another", WHO[1], token)
        assert token not in file.read_text(), "only its hash is kept"
        assert file.stat().st_mode & 0o077 == 0
        return token

    virtual_time.run(main())


def test_who_is_denied_is_not_asked_about_again_for_a_while(file):
    async def main():
        loop = asyncio.get_running_loop()
        plugins = Plugins(file, clock=loop.time)
        asking = await asked(plugins)
        plugins.answer(plugins.question.id, False)
        with pytest.raises(PluginDenied, match="denied"):
            await asking
        with pytest.raises(PluginDenied):
            await plugins.ask(*WHO)
        await asyncio.sleep(DENIED_S + 1)
        asking = await asked(plugins)
        assert plugins.question is not None
        asking.cancel()

    virtual_time.run(main())


def test_one_question_at_a_time_and_none_for_ever(file):
    async def main():
        plugins, told = Plugins(file), []
        plugins.on_change = lambda: told.append(plugins.question is not None)
        asking = await asked(plugins)
        with pytest.raises(AlreadyAsking):
            await plugins.ask("Another", "Somebody else")
        begun = asyncio.get_running_loop().time()
        with pytest.raises(PluginDenied, match="nobody has answered"):
            await asking
        assert asyncio.get_running_loop().time() - begun == pytest.approx(QUESTION_S)
        assert told == [True, False] and plugins.question is None

    virtual_time.run(main())


def test_a_plugin_that_leaves_asks_nothing_any_more(file):
    async def main():
        plugins = Plugins(file)
        asking = await asked(plugins)
        question = plugins.question.id
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert plugins.question is None and not plugins.allowed
        with pytest.raises(NotFound):
            plugins.answer(question, True)

    virtual_time.run(main())


def test_programs_may_be_allowed_without_a_question_pages_never(file):
    async def main():
        plugins = Plugins(file, auto_allow=True)
        assert plugins.admits(*WHO, await plugins.ask(*WHO))
        asking = await asked(plugins, "A page", "Somebody", origin="https://evil.example")
        assert plugins.question.origin == "https://evil.example"
        plugins.answer(plugins.question.id, False)
        with pytest.raises(PluginDenied):
            await asking
        with pytest.raises(PluginDenied):  # whatever it calls itself now
            await plugins.ask("Another name", "Somebody", origin="https://evil.example")

    virtual_time.run(main())


def test_what_is_taken_back_counts_no_more_and_who_it_was_is_told(file):
    async def main():
        plugins, gone = Plugins(file, auto_allow=True), []
        plugins.on_revoke = gone.append
        token = await plugins.ask(*WHO)
        other = await plugins.ask("Another", "Somebody")
        plugins.revoke(plugin_id(*WHO))
        assert gone == [plugin_id(*WHO)]
        for known in (plugins, Plugins(file)):
            assert not known.admits(*WHO, token) and known.admits("Another", "Somebody", other)
        with pytest.raises(NotFound):
            plugins.revoke(plugin_id(*WHO))

    virtual_time.run(main())


def test_there_is_room_for_so_many_and_of_one_for_so_many_tokens(file):
    async def main():
        plugins = Plugins(file, auto_allow=True)
        tokens = [await plugins.ask(*WHO) for _ in range(MOST_TOKENS + 1)]
        assert [plugins.admits(*WHO, token) for token in tokens] == [False] + [True] * MOST_TOKENS
        kept = json.loads(file.read_text())
        filler = kept["plugins"][0]
        kept["plugins"] += [{**filler, "name": f"Filler {i}"} for i in range(MOST_PLUGINS - 1)]
        file.write_text(json.dumps(kept))
        full = Plugins(file, auto_allow=True)
        with pytest.raises(PluginDenied, match="no more may be"):
            await full.ask("One more", "Somebody")
        assert full.admits(*WHO, await full.ask(*WHO)), "one that is known gets another token"

    virtual_time.run(main())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1, "plugins": 2}', b"\xff\xfe"])
def test_a_broken_file_lets_nobody_in_and_is_told(file, content, caplog):
    async def main():
        file.parent.mkdir()
        file.write_bytes(content)
        plugins = Plugins(file, auto_allow=True)
        assert not plugins.admits(*WHO, "") and plugins.allowed == {}
        assert "no file of plugins" in caplog.text
        assert plugins.admits(*WHO, await plugins.ask(*WHO))

    virtual_time.run(main())


def test_without_a_question_tokens_come_no_faster_than_they_can_be_kept(file):
    async def main():
        loop = asyncio.get_running_loop()
        plugins = Plugins(file, auto_allow=True, clock=loop.time)
        for _ in range(int(AUTO_BURST)):
            await plugins.ask(*WHO)
        with pytest.raises(AlreadyAsking, match="too many"):
            await plugins.ask(*WHO)
        await asyncio.sleep(1 / AUTO_PER_S)
        assert plugins.admits(*WHO, await plugins.ask(*WHO))

    virtual_time.run(main())
