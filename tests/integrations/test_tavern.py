"""The extension in a real SillyTavern: the avatar is seen, speaks what streams in, and is interrupted."""

import pytest

from tests.integrations.conftest import Table
from tests.integrations.tavern import SECRET
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LONG = (
    '*smiles happily* "I am so glad that you came today." She nods. '
    + "And then we walked along the river. " * 12
)


def test_a_chat_shows_the_avatar_and_sends_the_picture_if_told_to(table: Table) -> None:
    table.open("Liora")
    page = table.page
    page.wait(
        "document.querySelector('.avatar-rtc-note').textContent.includes('Show Liora with the picture')"
    )
    assert table.avatar["character"] == "placeholder" and table.sent == []
    page.tab.click(".avatar-rtc-note >> text=Send it")
    wait_until(lambda: table.avatar["character"].startswith("card-liora-"))
    ((_, bytes_sent),) = table.sent
    assert (
        bytes_sent.startswith(b"\x89PNG") and b"chara" not in bytes_sent and SECRET.encode() not in bytes_sent
    )
    assert table.avatar["character"] in table.server.get("characters")["characters"]


def test_a_reply_is_spoken_while_it_streams_and_a_new_message_interrupts(table: Table) -> None:
    table.model.tells(LONG, pace_s=0.03)
    table.forget()
    table.say("Hello!")
    table.wait_told("speech.started")
    assert table.page.tab.is_visible("#mes_stop"), "the reply was not complete yet"
    (first,) = [each for each in table.wait_told("speech.act") if "emotion" in each["act"]][:1]
    assert first["act"]["emotion"] == "joy"
    table.page.wait("getComputedStyle(document.querySelector('#mes_stop')).display === 'none'")
    table.model.tells("All right.")
    table.say("Wait!")
    interrupted, whole = table.wait_told("speech.finished", 2)
    assert interrupted["interrupted"] and not whole["interrupted"]
    assert table.told("speech.subtitle")[-1]["text"] == "All right."


def test_the_stop_button_silences(table: Table) -> None:
    table.model.tells(LONG, pace_s=0.2)
    table.model.left.clear()
    table.forget()
    table.say("Go on.")
    table.wait_told("speech.started")
    table.page.tab.click("#mes_stop")
    (finished,) = table.wait_told("speech.finished")
    assert finished["interrupted"] and table.model.left.wait(10)


def test_commands_reach_the_avatar(table: Table) -> None:
    table.forget()
    table.run("/avatar-emotion strength=0.7 anger")
    table.wait_state(emotion={"weights": {"anger": 1.0}, "intensity": 0.7})
    table.run("/avatar-look left")
    table.wait_state(gaze={"x": -0.7, "y": 0.0})
    table.run("/avatar-gesture nod")
    table.wait_told("gesture.started")
    table.run("/avatar-look nowhere")
    table.page.wait(
        "document.querySelector('.toast-message')?.textContent.includes('Nobody looks “nowhere”')"
    )


def test_a_hidden_tab_pauses_and_comes_back(table: Table) -> None:
    table.show("hidden")
    table.wait_state(paused=True)
    table.show("visible")
    table.wait_state(paused=False)
    table.page.tab.evaluate("SillyTavern.getContext().extensionSettings.avatar_rtc.awayS = 1")
    table.show("hidden")
    table.wait_state(viewers=0)
    table.show("visible")
    table.page.wait_live()
    table.wait_state(viewers=1, paused=False)


def test_settings_are_kept_and_no_picture_is_sent_twice(table: Table) -> None:
    page, before = table.page, table.avatar["id"]
    page.tab.click("#extensions-settings-button .drawer-toggle")
    page.tab.click("#avatar_rtc_settings .inline-drawer-toggle")
    page.tab.select_option("#avatar_rtc_words", "quotes")
    page.tab.select_option("#avatar_rtc_side", "right")
    page.tab.fill("#avatar_rtc_volume", "0.4")
    page.wait("document.querySelector('#avatar_rtc_stage').getBoundingClientRect().right > innerWidth - 2")
    kept = lambda: table.tavern.settings["extension_settings"]["avatar_rtc"]  # noqa: E731
    wait_until(lambda: kept()["volume"] == 0.4 and kept()["words"] == "quotes")
    assert kept()["place"]["wide"]["side"] == "right" and kept()["cards"]["Liora.png"]["agreed"]
    page.tab.reload()
    page.wait("globalThis.SillyTavern && document.querySelector('#avatar_rtc_settings')")
    page.wait("SillyTavern.getContext().characters.length")
    table.open("Liora")
    assert page.tab.input_value("#avatar_rtc_words") == "quotes"
    page.wait("avatar.volume === 0.4 && avatar.getBoundingClientRect().left > 700")
    wait_until(lambda: table.avatar["character"].startswith("card-liora-"))
    assert table.avatar["id"] == before and table.sent == []
