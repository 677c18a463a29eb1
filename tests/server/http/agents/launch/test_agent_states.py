"""What liveavatar's plugin is told: a step from talking for each utterance, once its sound is out."""

from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.server.http.agents.launch.agent_states import AgentStates


def started(speech: str) -> dict[str, object]:
    return {"type": "speech.started", "speech_id": speech}


def finished(speech: str) -> dict[str, object]:
    return {"type": "speech.finished", "speech_id": speech, "position_ms": 0, "interrupted": False}


def step(before: str, after: str) -> dict[str, object]:
    return {"type": "agent.state_updated", "previous_state": before, "new_state": after}


def test_an_utterance_is_a_step_up_and_a_step_down():
    states = AgentStates()
    assert states.heard(started("a")) == [step("idle", "talking")]
    assert states.heard({"type": "speech.progress", "speech_id": "a"}) == []
    assert states.heard(finished("a")) == [step("talking", "idle")]


def test_listening_waits_until_the_sound_is_out():
    states = AgentStates()
    states.heard(started("a"))
    assert states.rests("listening") == []
    assert states.heard(finished("a")) == [step("talking", "listening")]
    assert states.rests("idle") == [step("listening", "idle")] and states.rests("idle") == []


def test_an_interruption_of_the_agents_own_is_not_counted_again():
    states = AgentStates()
    states.heard(started("a"))
    states.interrupted(["a", "b"])
    assert states.heard(finished("a")) == [{"type": "agent.speak_interrupted"}, step("talking", "idle")]
    assert states.heard(finished("b")) == []
    assert states.heard(started("c")) == [step("idle", "talking")]


def test_one_that_was_never_heard_is_a_step_up_and_down_as_well():
    states = AgentStates()
    assert states.heard(finished("a")) == [step("idle", "talking"), step("talking", "idle")]
    states.heard(started("b"))
    assert states.heard(finished("c")) == []
    assert states.heard(finished("b")) == [
        step("talking", "idle"),
        step("idle", "talking"),
        step("talking", "idle"),
    ]


class Plugin:
    """The counting of liveavatar's plugin, as far as events of ours go into it."""

    def __init__(self) -> None:
        self.is_playing = self.is_speaking = self.is_interrupted = False
        self.ends = 0

    def hears(self, event: dict[str, object]) -> None:
        match event["type"]:
            case "agent.speak_interrupted":
                self.is_interrupted = True
            case "agent.state_updated" if event["new_state"] == "talking":
                if not self.is_speaking:
                    self.is_interrupted = False
                self.is_speaking = True
            case "agent.state_updated" if self.is_speaking:
                self._ended()

    def _ended(self) -> None:
        if self.is_speaking or self.is_playing:
            self.is_speaking = False
            if not self.is_interrupted:
                self.ends += 1
                self.is_playing = False


@given(st.lists(st.sampled_from(["heard", "cut by the agent", "cut by another", "never begun"]), max_size=12))
@settings(derandomize=True, database=None)
def test_the_plugin_counts_one_end_for_each_utterance(fates):
    """Those it has interrupted itself it has counted before it told us."""
    states, plugin = AgentStates(), Plugin()
    for number, fate in enumerate(fates):
        speech = f"speech {number}"
        plugin.is_playing = True
        begins = [] if fate == "never begun" else states.heard(started(speech))
        for event in begins:
            plugin.hears(event)
        if fate == "cut by the agent":
            plugin.ends += 1
            plugin.is_playing = False
            states.interrupted([speech])
        for event in states.heard(finished(speech)):
            plugin.hears(event)
        assert plugin.ends == number + 1
