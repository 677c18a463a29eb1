"""Our page waits as the server tells players of others to: the same law, from the browser's own reports."""

import itertools

import pytest

from avatar_rtc.media.sending.way import playout_s

pytestmark = pytest.mark.browser

LAW = """async (cases) => {
  const { playoutS } = await import('/patience.js');
  return cases.map(([lost, roundTrip]) => playoutS(lost, roundTrip));
}"""
LOOKS = """async ([looks, kind]) => {
  const { Patience } = await import('/patience.js');
  const receivers = [{ [kind]: null }, { [kind]: null }, {}];
  const patience = new Patience(receivers);
  const shown = [];
  for (const [packetsReceived, retransmittedPacketsReceived, packetsLost] of looks) {
    patience.look(new Map([
      ['v', { type: 'inbound-rtp', packetsReceived, retransmittedPacketsReceived, packetsLost }],
      ['a', { type: 'inbound-rtp' }],
      ['p', { type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 0.06 }],
    ]));
    shown.push(receivers.map((each) => each[kind]));
  }
  return { shown, untouched: Object.keys(receivers[2]) };
}"""


def test_it_waits_by_the_servers_law_while_packets_are_lost(open_page):
    tab = open_page("/view/main").tab
    shares, round_trips = (0.0, 0.004, 0.005, 0.01, 0.05, 0.1, 0.3, 0.5, 1.0), (0.0, 0.01, 0.06, 0.15, 0.9)
    cases = list(itertools.product(shares, round_trips))
    found = tab.evaluate(LAW, cases)
    assert found == pytest.approx([playout_s(lost, round_trip) for lost, round_trip in cases])
    lossy = [(1000 + 240 * n, 20 * n, 10 * n) for n in range(8)]  # 10 of 230 each time; 20 came as repairs
    clean = [(3000 + 240 * n, 140, 70) for n in range(40)]
    for kind, unit in (("jitterBufferTarget", 1000), ("playoutDelayHint", 1)):
        found = tab.evaluate(LOOKS, [lossy + clean, kind])
        first, at_worst, last = (found["shown"][n][:2] for n in (0, 7, -1))
        assert first == last == [None, None] and found["untouched"] == []
        assert at_worst[0] == at_worst[1] == pytest.approx(playout_s(10 / 230, 0.06) * unit, rel=0.1)
        changes = sum(a != b for a, b in itertools.pairwise(found["shown"]))
        assert 1 < changes < 20, "what is nearly the same stays"
