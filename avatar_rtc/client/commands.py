"""What an avatar can be told over data channels or a socket; each coroutine ends with the server's answer."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from avatar_rtc.client.speech import SpeechCommands
from avatar_rtc.control.messages import PoseSet, control_from
from avatar_rtc.errors import InputError

EmotionTemplates: TypeAlias = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Emotion → {"pose": {morph: value}, "cels": {cel: opacity}}; either may be left out."""


GestureTemplates: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Sequence[Sequence[float]]]]]
"""Gesture → {"tracks": {morph or cel: [[seconds, value], …]}}, each from 0 back to 0."""


class Commands(SpeechCommands):
    """The control side of `AvatarClient` and `Remote`, which open and end what carries it."""

    async def set_emotion(
        self, name: str | Mapping[str, float], intensity: float = 1.0, *, hold_s: float | None = None
    ) -> None:
        """Show an emotion by name, or a blend {name: weight}; raises as `request`.

        Args:
            intensity: in [0, 1].
            hold_s: then the avatar goes back to its default emotion, one hour at most; None is never.
        """
        blend = {"name": name} if isinstance(name, str) else {"weights": dict(name)}
        hold = {} if hold_s is None else {"hold_ms": round(hold_s * 1000, 3)}
        await self.request("emotion.set", intensity=intensity, **blend, **hold)

    async def set_emotions(self, templates: EmotionTemplates) -> list[str]:
        """Give the avatar emotions of its own over the factory's, in place of those it had.

        Args:
            templates: what each does at full weight; what is not named is 0. {} is the factory's again.

        Returns:
            The names of its own emotions.

        Raises:
            TooLarge: 64 KiB of JSON at most; `Server.set_emotions` takes 1 MiB.
            InputError, Unreachable: as `request`.
        """
        answer = await self.request("emotions.set", emotions=templates_json(templates))
        return list(answer["emotions"])

    async def play_gesture(self, name: str, strength: float = 1.0) -> float:
        """Make a gesture once, such as "nod" or "wink"; gives how many seconds it takes.

        Args:
            strength: in [0, 1].
        """
        return float((await self.request("gesture.play", name=name, strength=strength))["seconds"])

    async def set_gestures(self, templates: GestureTemplates) -> list[str]:
        """Give the avatar gestures of its own over the factory's, in place of those it had.

        Args:
            templates: what each does. {} is the factory's again.

        Returns:
            The names of its own gestures.

        Raises:
            TooLarge: 64 KiB of JSON at most.
            InputError, Unreachable: as `request`.
        """
        gestures = {
            name: {
                part: {track: [list(point) for point in points] for track, points in tracks.items()}
                for part, tracks in parts.items()
            }
            for name, parts in templates.items()
        }
        return list((await self.request("gestures.set", gestures=gestures))["gestures"])

    async def set_activity(
        self, name: Literal["idle", "listening", "thinking", "speaking"], *, hold_s: float | None = None
    ) -> None:
        """Show what it is doing; that it speaks it shows by itself. Raises as `request`.

        Args:
            hold_s: then it is idle again, one hour at most; None is until another is asked for.
        """
        hold = {} if hold_s is None else {"hold_ms": round(hold_s * 1000, 3)}
        await self.request("activity.set", name=name, **hold)

    async def set_hearing(self, level: float, voice: bool = True) -> bool:
        """Tell how loud somebody talks to it, for the next half second; raises as `request`.

        Args:
            level: 0 is silence, 1 a loud voice.
            voice: whether it is a voice, and not another sound.

        Returns:
            Whether it was taken, and nothing newer is held.
        """
        return bool((await self.request("hearing.set", level=level, voice=voice))["taken"])

    async def set_overrides(self, values: Mapping[str, float]) -> dict[str, float]:
        """Hold these morphs and cels over all else, and let go of all others; gives what is held now.

        Args:
            values: {"head_x": 0.5, "blush1": 1.0}; morphs lie in [-1, 1] or [0, 1], cels in [0, 1].
        """
        return dict((await self.request("overrides.set", overrides=dict(values)))["overrides"])

    async def patch_overrides(self, values: Mapping[str, float | None]) -> dict[str, float]:
        """Hold some morphs and cels, let go of those that are None, leave the others; gives what is held."""
        return dict((await self.request("overrides.patch", overrides=dict(values)))["overrides"])

    async def clear_overrides(self) -> None:
        """Let go of all morphs and cels; raises as `request`."""
        await self.set_overrides({})

    async def set_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Replace the animator's settings; one not named gets its default. Gives all of them.

        `Server.settings_schema` tells which there are. Raises as `request`.
        """
        return dict((await self.request("settings.set", settings=dict(settings)))["settings"])

    async def patch_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Change some settings; gives all of them, so {} reads them. Raises as `request`."""
        return dict((await self.request("settings.patch", settings=dict(settings)))["settings"])

    async def set_gaze(self, target: Literal["viewer", "away"] | tuple[float, float] | None) -> None:
        """Look somewhere until told otherwise; None looks about by itself. Raises as `request`.

        Args:
            target: a point is (x, y), each in [-1, 1] of the picture as seen: (0, 0) is the viewer, (1, 1)
                the upper right corner.
        """
        match target:
            case (x, y):
                await self.request("gaze.set", target={"x": x, "y": y})
            case _:
                await self.request("gaze.set", target=target)

    async def set_talking(self, on: bool) -> None:
        """Open and close the mouth at random, for sound nobody knows of, or stop; raises as `request`."""
        await self.request("talking.set", on=on)

    async def pause(self) -> None:
        """Let the picture stand still; nothing is rendered meanwhile. Raises as `request`."""
        await self.request("pause.set", on=True)

    async def resume(self) -> None:
        """Go on after `pause`; raises as `request`."""
        await self.request("pause.set", on=False)

    async def set_still(self, values: Mapping[str, float] | None) -> None:
        """Hold the avatar still in exactly this pose, for all who watch; raises as `request`.

        Args:
            values: {"head_x": 0.5, "blush1": 1.0}; what is not named is 0. None lets it live on.
        """
        await self.request("still.set", values=None if values is None else dict(values))

    async def set_data_eyes(self, on: bool) -> None:
        """Let data run through the eyes while a tool is at work, or fade; raises as `request`."""
        await self.request("data_eyes.set", on=on)

    async def set_framing(
        self, name: Literal["face", "bust", "whole"] | None = None, *, headroom: float | None = None
    ) -> None:
        """Show the face, the bust or the whole picture; a crop that is on goes off. Raises as `request`.

        Args:
            name: None is the character's own.
            headroom: free above the head, in [0, 1] of the picture; None is as the framing wants it.
        """
        await self.request("framing.set", name=name, headroom=headroom)

    async def set_crop(
        self,
        left: float = 0.0,
        top: float = 0.0,
        right: float = 1.0,
        bottom: float = 1.0,
        *,
        enabled: bool = True,
    ) -> None:
        """Show a part of the picture, in the place of the framing; raises as `request`.

        Args:
            left, top, right, bottom: edges as shares of width and height, 0 is the left or upper one.
            enabled: False is the framing again, and keeps the edges for later.
        """
        await self.request("crop.set", enabled=enabled, left=left, top=top, right=right, bottom=bottom)

    async def set_chain(self, chain: Sequence[Sequence[object]]) -> None:
        """Replace the operations on the picture, `[[name, {params}], …]`; raises as `request`."""
        await self.request("chain.set", chain=list(chain))

    async def set_backdrop(
        self,
        name: str | None = None,
        *,
        colour: str = "#181a26",
        fit: Literal["cover", "contain"] = "cover",
        blur: float = 0.0,
        chain: Sequence[Sequence[object]] | Literal["shared"] = (),
    ) -> None:
        """Set what stands behind the avatar in `matte` video; raises as `request`.

        Args:
            name: one of `GET /api/v1/backdrops`; None is the plain colour, `#rrggbb`.
            fit: "cover" fills the frame and cuts what is over, "contain" shows all of it on the colour.
            blur: sigma in px of a 512 px high picture.
            chain: its own operations, or "shared": the avatar's chain then sees the whole scene.
        """
        await self.request(
            "backdrop.set", name=name, colour=colour, fit=fit, blur=blur,
            chain=chain if isinstance(chain, str) else list(chain),
        )  # fmt: skip

    async def ping(self) -> float:
        """Seconds from a message to its answer, through the server's control channel."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        await self.request("ping")
        return loop.time() - start

    async def media_time_ms(self) -> float:
        """The avatar's media clock in ms, as of the server's answer; raises as `request`."""
        return float((await self.request("ping"))["t_ms"])

    def send_cue(self, t_ms: float, visemes: Mapping[str, float]) -> bool:
        """Set the mouth now; False if nothing could be sent.

        Args:
            t_ms: any clock of the caller that only grows; older cues are dropped on the way.
            visemes: weights in [0, 1] of aaa, iii, uuu, eee, ooo, delta; others are 0.
        """
        return self._control is not None and self._control.cue(t_ms, visemes)

    def send_pose(
        self,
        morphs: Mapping[str, float] | None = None,
        *,
        blendshapes: Mapping[str, float] | None = None,
        head: tuple[float, float, float] | None = None,
        t_ms: float | None = None,
    ) -> bool:
        """Set the pose now, as often as 60 times a second; False if nothing could be sent.

        It replaces emotion, idle life and blinks on the morphs it names, until half a second after the last.

        Args:
            morphs: morph → value; these win over blendshapes.
            blendshapes: ARKit's or MediaPipe's names → weight in [0, 1]; one not named is 0.
            head: with blendshapes: yaw, pitch and roll in degrees.
            t_ms: any clock of the caller that only grows; older poses are dropped on the way. None is now.

        Raises:
            InputError: unknown names, values out of range, or nothing given. Checked here: no answer comes.
        """
        if head is not None and blendshapes is None:
            raise InputError("'head' goes with blendshapes; among morphs it is head_x, head_y and neck_z")
        t_ms = time.monotonic() * 1000 if t_ms is None else t_ms
        given = {"t_ms": t_ms, "morphs": morphs, "blendshapes": blendshapes, "head": head}
        pose = pose_json({name: value for name, value in given.items() if value is not None})
        return self._control is not None and self._control.pose(pose)


def templates_json(templates: EmotionTemplates) -> dict[str, dict[str, dict[str, float]]]:
    """The templates as JSON has them."""
    return {name: {part: dict(values) for part, values in parts.items()} for name, parts in templates.items()}


def pose_json(fields: Mapping[str, object]) -> dict[str, Any]:
    """What goes over the `pose` channel, all numbers as floats.

    Raises:
        InputError: as the server would say it.
    """
    message = control_from({"type": "pose.set", **fields})
    if isinstance(message, PoseSet):
        message.pose()
    return message.model_dump(exclude={"id", "type"}, exclude_none=True)
