"""Which events each plugin has asked for, and what it is told of them.

Hub.tell(name, data) ──► each Subscriptions that wants it ──► its connection, which holds it while it answers
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from avatar_rtc.server.vts.envelope import Fault, VtsError, event_text, lenient_text, lenient_truth, shown

TEST_EVERY_S = 1.0
MOST_TEST_MESSAGE = 32
_TEST = "TestEvent"
MODEL_LOADED, TRACKING_CHANGED = "ModelLoadedEvent", "TrackingStatusChangedEvent"
BACKGROUND_CHANGED, MODEL_MOVED = "BackgroundChangedEvent", "ModelMovedEvent"
HOTKEY_TRIGGERED = "HotkeyTriggeredEvent"
VTS_EVENTS = (
    _TEST,
    MODEL_LOADED,
    TRACKING_CHANGED,
    BACKGROUND_CHANGED,
    "ModelConfigChangedEvent",
    MODEL_MOVED,
    "ModelOutlineEvent",
    HOTKEY_TRIGGERED,
    "ModelAnimationEvent",
    "ItemEvent",
    "ModelClickedEvent",
    "PostProcessingEvent",
    "Live2DCubismEditorConnectedEvent",
)
"""All that may be subscribed to; of those that have no meaning here none is ever told."""


class Subscriptions:
    """Those of one connection. Used on the event loop."""

    def __init__(self, push: Callable[[str], None]) -> None:
        """`push` sends an event, now or once an answer has left."""
        self._push = push
        self._configs: dict[str, Mapping[str, Any]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._counter = 0

    @property
    def names(self) -> list[str]:
        """Events that are subscribed to."""
        return list(self._configs)

    def change(self, data: Mapping[str, Any]) -> str:
        """What `EventSubscriptionRequest` asks for; gives the event that was subscribed to, "" if none was.

        Raises:
            VtsError: there is no such event, or its settings cannot be.
        """
        name, subscribe = lenient_text(data, "eventName"), lenient_truth(data, "subscribe")
        if not name and not subscribe and not data.get("eventName"):
            self.close()
            return ""
        if name not in VTS_EVENTS:
            raise VtsError(Fault.UNKNOWN_EVENT, f"there is no event {shown(data.get('eventName'))}")
        config = data.get("config")
        settings: Mapping[str, Any] = config if isinstance(config, dict) else {}
        if len(lenient_text(settings, "testMessageForEvent")) > MOST_TEST_MESSAGE and name == _TEST:
            raise VtsError(
                Fault.TEST_MESSAGE, f"testMessageForEvent may have {MOST_TEST_MESSAGE} characters at most"
            )
        if subscribe:
            self._configs[name] = settings
        else:
            self._configs.pop(name, None)
        self._test_or_not()
        return name if subscribe else ""

    def tell(self, name: str, data: Mapping[str, Any]) -> None:
        """Tell it, if it is wanted."""
        config = self._configs.get(name)
        if config is not None and _is_wanted(name, data, config):
            self._push(event_text(name, data))

    def close(self) -> None:
        """No event any more."""
        self._configs.clear()
        self._test_or_not()

    def _test_or_not(self) -> None:
        if _TEST in self._configs and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TEST_EVERY_S, self._test)
        elif _TEST not in self._configs and self._timer is not None:
            self._timer.cancel()
            self._timer, self._counter = None, 0

    def _test(self) -> None:
        self._timer = None
        self._counter += 1
        message = lenient_text(self._configs[_TEST], "testMessageForEvent")
        self.tell(_TEST, {"yourTestMessage": message, "counter": self._counter})
        self._test_or_not()


class Hub:
    """Those of all connections."""

    def __init__(self) -> None:
        self.all: set[Subscriptions] = set()

    def tell(self, name: str, data: Mapping[str, Any]) -> None:
        """Tell everybody who wants it."""
        for each in tuple(self.all):
            each.tell(name, data)


def _is_wanted(name: str, data: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    match name:
        case "ModelLoadedEvent":
            ids = config.get("modelID")
            return not ids or not isinstance(ids, list) or data.get("modelID") in ids
        case "HotkeyTriggeredEvent":
            action = lenient_text(config, "onlyForAction")
            is_ignored = lenient_truth(config, "ignoreHotkeysTriggeredByAPI") and data["hotkeyTriggeredByAPI"]
            return not is_ignored and (not action or action.lower() == str(data["hotkeyAction"]).lower())
    return True
