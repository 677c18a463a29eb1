"""What is told of an avatar, over HTTP and in `state` events."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from avatar_rtc.control.state_json import state_json
from avatar_rtc.server.live.shared import Shared

if TYPE_CHECKING:
    from avatar_rtc.server.live.avatar import Avatar


def avatar_json(avatar: "Avatar", shared: Shared, recordings: Mapping[str, object]) -> dict[str, object]:
    """Everything of an avatar that others may see.

    Args:
        recordings: what is told of those that are made of it.
    """
    release, renderer = avatar.streams.release, shared.renderer
    device = renderer.device_of(avatar.name)
    return {
        "id": avatar.name,
        "character": avatar.actor.character.name,
        "device": device,
        **avatar.status.json(
            device,
            renderer.device_note_of(avatar.name),
            avatar.state.settings.size,
            avatar.distillation.is_running,
        ),
        "viewers": len(avatar.viewers),
        "renditions": avatar.streams.renditions(),
        "emotions": list(avatar.actor.emotions),
        "gestures": list(avatar.actor.gestures),
        "default_emotion": avatar.actor.default_emotion,
        **state_json(avatar.state),
        "on_stage": avatar.stage.name if avatar.stage is not None else None,
        "activity": avatar.conversation.told,
        "frame_ms": round(1000 / avatar.fps, 1),
        "shown": avatar.actor.character.views.name(avatar.state.crop, avatar.state.framing),
        "delay_ms": round(release.delay * 1000, 1),
        "late": release.late,
        "worker_restarts": renderer.restarts,
        "disclosure": shared.config.disclosure != "off",
        "distillation": avatar.schooling.describe(),
        "recordings": recordings,
        "calls": [call.told() for call in avatar.calls],
        "speech": {"speech_id": avatar.speech.queue.current, "lips": avatar.speech.queue.source},
    }
