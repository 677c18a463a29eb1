"""Replies that stream in, told to a made-up avatar: in order, once, and not after an interruption."""

import random
from typing import Any

from tests.integrations.in_node import in_node

PLAY = """
const turn = () => new Promise((resolve) => setImmediate(resolve));
const wait = (n) => n > 0 ? turn().then(() => wait(n - 1)) : undefined;
async function play({ steps, slow, fails }) {
  const log = [];
  let count = 0;
  const stage = {
    face: async (file) => { await wait(slow); log.push(['face', file]); },
    say: async (text, { more }) => {
      const id = `s${count += 1}`;
      log.push(['say', id, text, more]);
      await wait(slow);
      if (fails) throw new Error('no voice');
      return id;
    },
    append: async (id, text, { more }) => { log.push(['append', id, text, more]); await wait(slow); },
    stop: async () => { log.push(['stop']); },
  };
  const talker = new it.Talker(stage, (text) => log.push(['told', text]));
  const turns = {};
  for (const [what, ...rest] of steps) {
    if (what === 'begin') turns[rest[0]] = talker.begin(rest[1], { words: 'words', manner: {} });
    if (what === 'push') turns[rest[0]].push(rest[1]);
    if (what === 'end') turns[rest[0]].end();
    if (what === 'say') talker.say(rest[0], rest[1], { words: 'words', manner: {} });
    if (what === 'stop') await talker.stop();
    if (what === 'finished') talker.finished(rest[0]);
    if (what === 'lost') talker.lost();
    if (what === 'wait') await wait(rest[0]);
    if (what === 'busy') log.push(['busy', talker.isBusy]);
  }
  await wait(200);
  return log;
}
const logs = [];
for (const each of cases) logs.push(await play(each));
return logs;
"""
Log = list[list[Any]]


def play(*cases: dict[str, Any]) -> list[Log]:
    return in_node("talker.js", PLAY, [{"slow": 2, "fails": False, **case} for case in cases])


def spoken(log: Log) -> dict[str, str]:
    """Of each speech all that was told, with "|" behind what was told to be the last."""
    texts: dict[str, str] = {}
    for what, *rest in log:
        if what in ("say", "append"):
            speech, text, more = rest
            assert speech not in texts or not texts[speech].endswith("|"), "told after its end"
            texts[speech] = texts.get(speech, "") + text + ("" if more else "|")
    return texts


def test_a_reply_is_told_whole_once_and_in_order_however_it_comes() -> None:
    chance = random.Random(9)
    cases, wanted = [], []
    for _ in range(100):
        steps: list[list[Any]] = []
        texts = []
        for turn in range(chance.randint(1, 4)):
            pieces = [f"{turn}.{n} " for n in range(chance.randint(0, 12))]
            texts.append("".join(pieces))
            steps.append(["begin", turn, "a.png"])
            for piece in pieces:
                steps += [["push", turn, piece], ["wait", chance.randint(0, 3)]]
            steps += [["end", turn], ["end", turn]]
        cases.append({"steps": steps, "slow": chance.randint(0, 5)})
        wanted.append([f"{text}|" for text in texts if text])
    for log, texts in zip(play(*cases), wanted, strict=True):
        assert list(spoken(log).values()) == texts
        assert not any(what in ("stop", "told") for what, *_ in log)


def test_whoever_speaks_up_interrupts_and_nothing_comes_after() -> None:
    steps = [
        ["begin", 0, "a.png"],
        ["push", 0, "One. "],
        ["wait", 9],
        ["push", 0, "Two. "],
        ["stop"],
        ["wait", 9],
    ]
    steps += [
        ["push", 0, "Three."],
        ["end", 0],
        ["busy"],
        ["say", "a.png", "New."],
        ["wait", 20],
        ["stop"],
        ["stop"],
    ]
    (log,) = play({"steps": steps})
    stop = log.index(["stop"])
    assert ["busy", False] in log
    assert [each for each in log[stop + 1 :] if each[0] in ("say", "append")] == [
        ["say", "s2", "New.", False]
    ]
    assert sum(each == ["stop"] for each in log) == 2, "one for each that had something to end"


def test_another_face_waits_until_the_first_was_heard() -> None:
    before = [["say", "a.png", "I."], ["say", "a.png", "And I."], ["say", "b.png", "You."], ["wait", 50]]
    waiting, heard, lost, early = play(
        {"steps": before},
        {"steps": [*before, ["finished", "s1"], ["finished", "s2"]]},
        {"steps": [*before, ["lost"]]},
        {"steps": [["say", "a.png", "I."], ["finished", "s1"], ["wait", 30], ["say", "b.png", "You."]]},
    )
    assert list(spoken(waiting).values()) == ["I.|", "And I.|"]
    for log in (heard, lost):
        assert list(spoken(log).values()) == ["I.|", "And I.|", "You.|"]
        assert log.index(["face", "b.png"]) > log.index(["say", "s2", "And I.", False])
    assert list(spoken(early).values()) == ["I.|", "You.|"], "its end came before its id was known"


def test_what_cannot_be_said_is_told_once_and_the_next_is_tried() -> None:
    steps = [
        ["begin", 0, "a.png"],
        ["push", 0, "One."],
        ["wait", 20],
        ["push", 0, "Two."],
        ["end", 0],
        ["busy"],
    ]
    (log,) = play({"steps": [*steps, ["say", "a.png", "Three."]], "fails": True})
    assert [each for each in log if each[0] == "told"] == [["told", "no voice"]] * 2
    assert ["busy", False] in log and [each[2] for each in log if each[0] == "say"] == ["One.", "Three."]


def test_a_reply_of_nothing_is_not_told() -> None:
    (log,) = play({"steps": [["begin", 0, "a.png"], ["push", 0, " \n"], ["end", 0], ["wait", 9], ["busy"]]})
    assert log == [["busy", False]]
