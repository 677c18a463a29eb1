"""The tools by which a language model has a face, defined once for every door (Model Context Protocol)."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from functools import wraps
from typing import Annotated, Any, Literal, ParamSpec, TypeVar, get_args

from mcp.server.mcpserver import Context, Image
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field
from pydantic.config import JsonDict

from avatar_rtc.control.message import MAX_HOLD_MS
from avatar_rtc.errors import AvatarRtcError, InputError, public
from avatar_rtc.face.activity import ActivityName
from avatar_rtc.face.emotions import EMOTIONS
from avatar_rtc.mcp.faces import Faces
from avatar_rtc.mcp.told import AvatarSeen, AvatarsSeen, CharactersStored, SpeechHeard, SpeechQueued, ToolDone
from avatar_rtc.resources import resource

PROGRESS_EVERY_S = 1.0
"""While nothing is told: clients give up what brings no progress, many after a minute."""
MOST_WAITED_S = 3_600.0
MAIN_AVATAR = "main"
GESTURE_NAMES = tuple(sorted(path.stem for path in resource("assets", "gestures").glob("*.json")))

P = ParamSpec("P")
T = TypeVar("T")


# Names and ranges are told here, and checked behind: an avatar may have emotions of its own, and what cannot
# be is refused everywhere by the same sentence.
_WITHIN_ONE: JsonDict = {"minimum": -1, "maximum": 1}


class LookedAt(BaseModel):
    """A place in the picture: (0, 0) is straight ahead, x to the right and y up, as its viewer sees it."""

    x: float = Field(json_schema_extra=_WITHIN_ONE)
    y: float = Field(json_schema_extra=_WITHIN_ONE)


EmotionName = Annotated[str, Field(json_schema_extra={"enum": list(EMOTIONS)})]
SpokenEmotionName = Annotated[str, Field(json_schema_extra={"enum": ["auto", *EMOTIONS]})]
GestureName = Annotated[str, Field(json_schema_extra={"enum": list(GESTURE_NAMES)})]
HoldMs = Annotated[float | None, Field(json_schema_extra={"exclusiveMinimum": 0, "maximum": MAX_HOLD_MS})]
Strength = Annotated[float, Field(json_schema_extra={"minimum": 0, "maximum": 1})]
ActivityWord = Annotated[str, Field(json_schema_extra={"enum": list(get_args(ActivityName))})]
AvatarName = Annotated[
    str, Field(description='which avatar; "" is the one that this connection is for, the only one, or main')
]


def tool_errors(tool: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """What goes wrong is told to the model in our own sentence, and is no error of the protocol."""

    @wraps(tool)
    async def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await tool(*args, **kwargs)
        except AvatarRtcError as error:
            raise ToolError(public(error)) from None

    return told


class Tools:
    """One method a tool; their docstrings are what a model reads."""

    def __init__(self, faces_of: Callable[[Context], Faces], usual: str = "") -> None:
        """
        Args:
            faces_of: the avatars of whoever calls.
            usual: the avatar that is meant where none is named; "" is the only one, or `main`.
        """
        self._faces_of, self._usual = faces_of, usual

    @tool_errors
    async def say(
        self,
        text: Annotated[
            str, Field(description="what is spoken; [joy] or *waves* in it is acted, not spoken")
        ],
        ctx: Context,
        emotion: SpokenEmotionName = "auto",
        voice: Annotated[str, Field(description='"" is the avatar\'s own')] = "",
        wait: Annotated[bool, Field(description="return only when it was heard")] = False,
        avatar: AvatarName = "",
    ) -> SpeechQueued:
        """Speak a text with voice, lips and feeling. It is queued after what is being said already, and this
        returns before it is heard, unless `wait` is true. The emotion "auto" is read from the text.
        """
        faces, name = await self._chosen(ctx, avatar)
        fields = {"text": text, "emotion": emotion, "voice": voice}
        answer = await faces.do(name, {"type": "speech.say", **fields})
        speech_id = str(answer["speech_id"])
        heard = await _heard(faces, name, speech_id, MOST_WAITED_S, ctx) if wait else None
        return SpeechQueued(speech_id=speech_id, heard=heard)

    @tool_errors
    async def wait_until_spoken(
        self,
        speech_id: str,
        ctx: Context,
        timeout_s: Annotated[float, Field(gt=0, le=MOST_WAITED_S)] = 60.0,
        avatar: AvatarName = "",
    ) -> SpeechHeard:
        """Wait until a speech was heard to its end or cut off, with progress meanwhile. Says how much of it
        was heard: of a speech that was interrupted, the rest is unknown to whoever listened.
        """
        faces, name = await self._chosen(ctx, avatar)
        return await _heard(faces, name, speech_id, timeout_s, ctx)

    @tool_errors
    async def hush(self, ctx: Context, speech_id: str = "", avatar: AvatarName = "") -> ToolDone:
        """Fall silent at once: about one speech, or about all that is and was to be said."""
        message = {"type": "speech.stop", **({"speech_id": speech_id} if speech_id else {})}
        return await self._do(ctx, avatar, message)

    @tool_errors
    async def feel(
        self,
        emotion: EmotionName,
        ctx: Context,
        intensity: Strength = 1.0,
        hold_ms: HoldMs = None,
        avatar: AvatarName = "",
    ) -> ToolDone:
        """Show an emotion until another one is asked for, or for `hold_ms` milliseconds."""
        message = {"type": "emotion.set", "name": emotion, "intensity": intensity, "hold_ms": hold_ms}
        return await self._do(ctx, avatar, message)

    @tool_errors
    async def gesture(
        self, name: GestureName, ctx: Context, strength: Strength = 1.0, avatar: AvatarName = ""
    ) -> ToolDone:
        """Make a gesture once, such as a nod or a wink, over whatever the face does."""
        return await self._do(ctx, avatar, {"type": "gesture.play", "name": name, "strength": strength})

    @tool_errors
    async def look(
        self,
        ctx: Context,
        at: Annotated[
            Literal["viewer", "away"] | LookedAt | None, Field(description="null looks about by itself")
        ] = "viewer",
        avatar: AvatarName = "",
    ) -> ToolDone:
        """Look at the viewer, away, at a place in the picture, or about."""
        target = at.model_dump() if isinstance(at, LookedAt) else at
        return await self._do(ctx, avatar, {"type": "gaze.set", "target": target})

    @tool_errors
    async def activity(
        self,
        doing: ActivityWord,
        ctx: Context,
        hold_ms: HoldMs = None,
        avatar: AvatarName = "",
    ) -> ToolDone:
        """Show what you are doing: thinking while you work on an answer, listening while you wait for words,
        idle otherwise. That it speaks the avatar shows by itself.
        """
        return await self._do(ctx, avatar, {"type": "activity.set", "name": doing, "hold_ms": hold_ms})

    @tool_errors
    async def work(self, on: bool, ctx: Context, avatar: AvatarName = "") -> ToolDone:
        """Show running data in the eyes while a tool is at work; turn it off again when it is done."""
        return await self._do(ctx, avatar, {"type": "data_eyes.set", "on": on})

    @tool_errors
    async def snapshot(self, ctx: Context, avatar: AvatarName = "") -> Image:
        """A picture of the avatar as it looks now, with a transparent ground, 512 px at most."""
        faces, name = await self._chosen(ctx, avatar)
        return Image(data=await faces.snapshot(name), format="png")

    @tool_errors
    async def avatars(self, ctx: Context) -> AvatarsSeen:
        """The avatars that are there: which character each shows, and what it is doing."""
        found = await self._faces_of(ctx).avatars()
        return AvatarsSeen(avatars=[_seen(each) for each in found])

    @tool_errors
    async def characters(self, ctx: Context) -> CharactersStored:
        """The names of the characters that an avatar can become."""
        return CharactersStored(characters=list(await self._faces_of(ctx).characters()))

    @tool_errors
    async def become(self, character: str, ctx: Context, avatar: AvatarName = "") -> ToolDone:
        """Show another character; viewers stay, and what it is told goes on."""
        faces, name = await self._chosen(ctx, avatar)
        await faces.become(name, character)
        return ToolDone(avatar=name)

    async def _do(self, ctx: Context, avatar: str, message: Mapping[str, Any]) -> ToolDone:
        faces, name = await self._chosen(ctx, avatar)
        answer = await faces.do(name, message)
        seconds = answer.get("seconds")
        return ToolDone(avatar=name, seconds=seconds if isinstance(seconds, int | float) else None)

    async def _chosen(self, ctx: Context, avatar: str) -> tuple[Faces, str]:
        faces = self._faces_of(ctx)
        if name := avatar or self._usual:
            return faces, name
        names = [str(each["id"]) for each in await faces.avatars()]
        if not names:
            raise InputError("there is no avatar here that you may act on")
        return faces, names[0] if len(names) == 1 or MAIN_AVATAR not in names else MAIN_AVATAR


def _seen(state: Mapping[str, Any]) -> AvatarSeen:
    return AvatarSeen.model_validate({name: state.get(name) for name in AvatarSeen.model_fields})


async def _heard(faces: Faces, avatar: str, speech_id: str, timeout_s: float, ctx: Context) -> SpeechHeard:
    """Follow a speech to its end, or until the time runs out."""
    loop = asyncio.get_running_loop()
    begun, said = loop.time(), ""
    async with aclosing(_ticking(faces, avatar, begun + timeout_s)) as events:
        async for event in events:
            if event.get("speech_id") == speech_id:
                if event["type"] == "speech.finished":
                    return SpeechHeard(
                        speech_id=speech_id,
                        is_over=True,
                        is_interrupted=bool(event["interrupted"]),
                        position_ms=event["position_ms"],
                        detail=event.get("detail"),
                    )
                said = str(event.get("word", said))
            await ctx.report_progress(loop.time() - begun, message=said or None)
    return SpeechHeard(speech_id=speech_id, is_over=False)


async def _ticking(faces: Faces, avatar: str, until: float) -> AsyncGenerator[Mapping[str, Any], None]:
    """What is heard of an avatar until the loop's time `until`; nothing at all every PROGRESS_EVERY_S."""
    loop = asyncio.get_running_loop()
    coming: asyncio.Task[Mapping[str, Any]] | None = None
    async with aclosing(faces.heard(avatar)) as events:
        try:
            while (left := until - loop.time()) > 0:
                coming = coming or asyncio.create_task(anext(events))
                if not (await asyncio.wait({coming}, timeout=min(PROGRESS_EVERY_S, left)))[0]:
                    yield {}
                    continue
                event, coming = coming.result(), None
                yield event
        except StopAsyncIteration:
            return
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
