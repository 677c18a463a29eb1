"""What an agent's avatar does, as liveavatar's plugin hears of it: idle, listening, talking.

Each step from talking to another state ends one utterance for the plugin, which counts them. So each
utterance has steps of its own, and whatever the agent tells meanwhile waits until the sound is really out.
"""

from collections.abc import Iterable
from typing import Literal

from avatar_rtc.server.live.voice.utterance import Event

AgentState = Literal["idle", "listening", "talking"]
StatesTold = list[dict[str, object]]


class AgentStates:
    """Of one connection."""

    def __init__(self) -> None:
        self.state: AgentState = "idle"
        self._rest: AgentState = "idle"
        """What it does when it does not talk."""
        self._begun: set[str] = set()
        self._silent = 0
        """Utterances that are over without a sound, while another is heard."""
        self._interrupted: set[str] = set()

    def rests(self, rest: AgentState) -> StatesTold:
        """The agent listens, or does not any more."""
        self._rest = rest
        return [] if self.state == "talking" else self._step(rest)

    def interrupted(self, unfinished: Iterable[str]) -> None:
        """The agent ends these utterances, which it knows to be over."""
        self._interrupted.update(unfinished)

    def heard(self, event: Event) -> StatesTold:
        """What to tell of an event of the sound line."""
        speech = str(event.get("speech_id"))
        match event["type"]:
            case "speech.started":
                self._begun.add(speech)
                return self._step("talking")
            case "speech.finished":
                return self._finished(speech)
        return []

    def _finished(self, speech: str) -> StatesTold:
        is_known, is_begun = speech in self._interrupted, speech in self._begun
        self._interrupted.discard(speech)
        self._begun.discard(speech)
        if not is_begun:
            # The plugin counts it, too, if it has not counted it itself.
            self._silent += not is_known
            return [] if self._begun else self._silent_ones()
        # Without this the plugin would count the step after an interruption of its own once more.
        told: StatesTold = [{"type": "agent.speak_interrupted"}] if is_known else []
        return [*told, *self._step(self._rest), *self._silent_ones()]

    def _silent_ones(self) -> StatesTold:
        """A step up and one down for each of which nothing was heard."""
        count, self._silent = self._silent, 0
        return [step for _ in range(count) for name in ("talking", self._rest) for step in self._step(name)]

    def _step(self, state: AgentState) -> StatesTold:
        if state == self.state:
            return []
        before, self.state = self.state, state
        return [{"type": "agent.state_updated", "previous_state": before, "new_state": state}]
