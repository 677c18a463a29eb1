"""What a pipeline says, as told of by a server that is played here."""

import asyncio
import random

import pytest
from pipecat.frames.frames import TTSStoppedFrame

from avatar_rtc.pipecat.tags import AvatarActFrame
from avatar_rtc.pipecat.turn import MOST_BLOCKS, SpokenTurn
from avatar_rtc.speech.acting.acts import Feeling, Gesture


def started(speech_id: str) -> dict:
    return {"type": "speech.started", "speech_id": speech_id}


def finished(speech_id: str, position_ms: int = 0) -> dict:
    return {
        "type": "speech.finished",
        "speech_id": speech_id,
        "position_ms": position_ms,
        "interrupted": False,
    }


async def test_the_end_goes_on_once_the_last_sound_has_come() -> None:
    turn, stop = SpokenTurn(lambda act: None), TTSStoppedFrame(context_id="c")
    turn.begin("a", "c")
    assert turn.end(stop) and not turn.end(stop)
    turn.told(started("a"))
    heard = turn.sounding(True)
    assert heard is not None and heard.context_id == "c" and turn.heard_out() == []
    turn.told(finished("a", 200))
    for _ in range(6):  # as late as they like
        assert turn.sounding(False) is not None
    assert turn.heard_out() == []
    turn.sounding(False)
    assert turn.heard_out() == [stop] and turn.heard_out() == []
    assert turn.sounding(True) is None
    await asyncio.wait_for(turn.silent(), 1)


async def test_sound_that_never_comes_is_not_waited_for_long() -> None:
    turn = SpokenTurn(lambda act: None)
    turn.begin("a", None)
    turn.end(TTSStoppedFrame())
    turn.told(started("a"))
    turn.told(finished("a", 5_000))
    for _ in range(MOST_BLOCKS + 1):
        turn.sounding(False)
    assert len(turn.heard_out()) == 1


async def test_the_next_utterance_does_not_hold_up_an_end() -> None:
    turn = SpokenTurn(lambda act: None)
    for each in "ab":
        turn.begin(each, each)
        turn.end(TTSStoppedFrame(context_id=each))
        turn.told(started(each))
    turn.told(finished("a", 400))
    for _ in range(27):
        turn.sounding(True)
    assert [frame.context_id for frame in turn.heard_out()] == ["a"]


async def test_what_is_cut_off_is_named_and_what_is_on_its_way_not_heard() -> None:
    turn = SpokenTurn(lambda act: None)
    turn.begin("a", None)
    turn.end(TTSStoppedFrame())
    turn.begin("b", None)
    turn.told(started("a"))
    assert turn.interrupt() == ("a", "b") and turn.open is None
    assert turn.sounding(True) is None and turn.is_hushed
    turn.told(finished("a"))
    assert turn.sounding(False) is None and not turn.is_hushed and turn.heard_out() == []
    assert turn.interrupt() == ()


async def test_of_a_lost_avatar_the_ends_are_given_back() -> None:
    turn = SpokenTurn(lambda act: None)
    stops = [TTSStoppedFrame(context_id=each) for each in "abc"]
    for each, stop in zip("abc", stops, strict=True):
        turn.begin(each, each)
        turn.end(stop)
    assert turn.lost() == stops and turn.lost() == []


async def test_acts_come_with_their_words() -> None:
    acted: list[object] = []
    turn = SpokenTurn(acted.append)
    turn.expect(AvatarActFrame(Feeling("joy"), 0))
    turn.expect(AvatarActFrame(Gesture("nod"), 13))
    turn.expect(AvatarActFrame(Feeling("anger"), 20))
    turn.announced("Thirteen more.")  # 12 letters
    turn.begin("a", None)
    turn.fed(0.3)
    turn.announced("And six!")  # to 18
    assert acted == []
    turn.told(started("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    assert acted == [Feeling("joy")]
    await asyncio.sleep(0.4)
    assert acted == [Feeling("joy"), Gesture("nod")]
    turn.interrupt()
    turn.announced("That is another reply, of many letters.")
    await asyncio.sleep(0.05)
    assert len(acted) == 2


@pytest.mark.parametrize("seed", range(20))
async def test_every_end_goes_on_exactly_once(seed: int) -> None:
    """Whatever comes in whatever order: begun, ended, started, finished, sound, lost."""
    pick, turn, number = random.Random(seed), SpokenTurn(lambda act: None), 0
    given, gone, alive = set(), [], []
    for _ in range(300):
        match pick.randrange(8):
            case 0:
                number += 1
                turn.begin(str(number), str(number))
                alive.append(str(number))
            case 1 if turn.open is not None:
                stop = TTSStoppedFrame(context_id=turn.open)
                assert turn.end(stop)
                given.add(stop.id)
            case 2 if alive:
                turn.told(started(pick.choice(alive)))
            case 3 if alive:
                turn.told(finished(alive.pop(0)))
            case 4 if pick.random() < 0.1:
                gone += turn.lost()
            case _:
                turn.sounding(pick.random() < 0.5)
                gone += turn.heard_out()
    gone += turn.lost()
    assert len(gone) == len({frame.id for frame in gone})
    assert {frame.id for frame in gone} == given
