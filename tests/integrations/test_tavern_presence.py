"""What a hidden tab does, with a made-up page and made-up time."""

from typing import Any

from tests.integrations.in_node import in_node

PLAY = """
const timers = [];
globalThis.setTimeout = (act, ms) => timers.push({ act, ms });
globalThis.clearTimeout = (id) => { if (timers[id - 1]) timers[id - 1].act = null; };
return cases.map(({ awayS, steps }) => {
  const log = [];
  let isBusy = false;
  timers.length = 0;
  const page = new EventTarget();
  page.visibilityState = 'visible';
  const presence = new it.Presence(page, {
    awayS: () => awayS, isBusy: () => isBusy,
    pause: (on) => log.push(`pause ${on}`), leave: () => log.push('leave'), come: () => log.push('come'),
  });
  for (const step of steps) {
    if (step === 'busy' || step === 'silent') isBusy = step === 'busy';
    else if (step === 'later') { const last = timers.at(-1); log.push(`after ${last?.ms}`); last?.act?.(); }
    else if (step === 'left?') log.push(presence.isLeft);
    else if (step === 'close') presence.close();
    else { page.visibilityState = step; page.dispatchEvent(new Event('visibilitychange')); }
  }
  return log;
});
"""


def play(*cases: tuple[int, list[str]]) -> list[list[Any]]:
    return in_node("presence.js", PLAY, [{"awayS": away, "steps": steps} for away, steps in cases])


def test_hidden_it_pauses_and_after_a_while_it_leaves() -> None:
    away = ["hidden", "hidden", "later", "left?", "visible", "left?"]
    short, long, busy, never = play(
        (300, ["hidden", "visible", "later"]),
        (300, away),
        (60, ["hidden", "busy", "later", "left?", "silent", "later", "left?"]),
        (0, ["hidden", "later", "visible", "close", "hidden"]),
    )
    assert short == ["pause true", "pause false", "after 300000"]
    assert long == ["pause true", "after 300000", "leave", True, "pause false", "come", False]
    assert busy == ["pause true", "after 60000", False, "after 60000", "leave", True]
    assert never == ["pause true", "after undefined", "pause false"]
