"""What the server and a render worker say to each other.

server ──OpenAvatar, SetState, Say, StartRendition, …──►  worker
       ◄──Booted, AvatarReady, EncodedFrame, Stats──
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.cels import CelImage
from avatar_rtc.face.emotions import EmotionChange, EmotionTemplate
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.filters_schema.chain import Operation
from avatar_rtc.filters_schema.label import Label
from avatar_rtc.link.stages import RESULT
from avatar_rtc.stream.crop import FULL_FRAME, Crop
from avatar_rtc.stream.frame import AnyRendition, EncodedFrame
from avatar_rtc.stream.framing import WHOLE, Views

MATTE_SIZE = 1280, 720
"""Width and height of the layout without transparency, in px; of a stage it is its own."""
BEAT_S = 0.5
"""Between two beats of a worker."""


@dataclass(frozen=True)
class OpenAvatar:
    """Prepare an avatar; sent again with the same name, it swaps the character under a running one."""

    avatar: str
    rgba: bytes
    """512 x 512 x 4 bytes: sRGB, straight alpha, row by row; the reduction of `original`."""
    epoch: float
    """CLOCK_MONOTONIC second of media time 0."""
    state: AvatarState
    animator: str = "auto"
    fps: float = 30.0
    seed: int = 0
    matte_size: tuple[int, int] = MATTE_SIZE
    cels: Mapping[str, CelImage] = field(default_factory=dict, repr=False)
    """Cels on the character and effects around it; those it lacks are not shown."""
    emotions: Mapping[str, EmotionChange] = field(default_factory=dict)
    """What the character does otherwise than the shared templates."""
    own_emotions: Mapping[str, EmotionTemplate] = field(default_factory=dict)
    """Those that only the character has."""
    views: Views = WHOLE
    """The part of the posed picture that is shown, where the state does not ask for another."""
    keep_eyes_open: float = 0.0
    """How far the character's lids stay open at least, 0..1."""
    label: Label | None = None
    """Drawn on every picture after the chain, whatever the state says."""
    student: bytes | None = field(default=None, repr=False)
    """The file of the character's student, if it has one."""
    original: bytes = field(default=b"", repr=False)
    """N x N x 4 bytes, N in 512..2048: the picture as it was given; empty is `rgba`."""


@dataclass(frozen=True)
class CloseAvatar:
    """Forget an avatar and its renditions."""

    avatar: str


@dataclass(frozen=True)
class SetState:
    """The newest state; one not read yet is replaced."""

    avatar: str
    state: AvatarState


@dataclass(frozen=True)
class StartRendition:
    """Encode this rendition from the next frame on."""

    avatar: str
    rendition: AnyRendition


@dataclass(frozen=True)
class StopRendition:
    """Nobody watches this rendition any more."""

    avatar: str
    rendition: AnyRendition


@dataclass(frozen=True)
class RequestKeyframe:
    """Make the next frame of this rendition one that decoding can start at."""

    avatar: str
    rendition: AnyRendition


@dataclass(frozen=True)
class TakeSnapshot:
    """Make a picture of the avatar as it is now, watched or not.

    Answered by `SnapshotTaken` or `StillFailed`.
    """

    avatar: str
    request: int
    """Chosen by who asks; comes back in the answer."""


@dataclass(frozen=True)
class TakePose:
    """Make a bare picture of the avatar's character in a pose, beside its frames.

    Answered by `SnapshotTaken` or `StillFailed`.
    """

    avatar: str
    request: int
    """Chosen by who asks; comes back in the answer."""
    morphs: Mapping[str, float]
    """What is not named is 0."""
    cels: Mapping[str, float] = field(default_factory=dict)
    """Cel → opacity."""
    crop: Crop = FULL_FRAME
    """The part that is shown."""
    side: int | None = None
    """Px of its longer side; None is as it was made."""
    stage: str = RESULT
    """Which of the pictures on the way; see `stages.py`."""


@dataclass(frozen=True)
class Say:
    """Lips for what is said next; appended to what is known already."""

    avatar: str
    speech: str
    """The id of the utterance it belongs to."""
    begin: float
    """Media time in s of the first sample."""
    timeline: Timeline

    @property
    def end(self) -> float:
        """Media time in s at which the sound is over."""
        return self.begin + self.timeline.seconds


@dataclass(frozen=True)
class Hush:
    """Speech ends at a media time, wherever it is; what begins later is forgotten."""

    avatar: str
    t: float


@dataclass(frozen=True)
class Still:
    """A picture of its own, not an avatar's."""

    rgba: bytes = field(repr=False)
    """height x width x 4 bytes: sRGB, straight alpha, row by row."""
    width: int
    height: int
    chain_ms: float = 0.0
    """What its chain took, if that was asked for."""


@dataclass(frozen=True)
class ProcessStill:
    """Run a chain over a picture, beside the avatars; answered by `StillProcessed` or `StillFailed`."""

    request: int
    """Chosen by who asks; comes back in the answer."""
    still: Still
    chain: tuple[Operation, ...] = ()
    size: tuple[int, int] | None = None
    """(width, height) to enlarge it to, before the chain."""
    method: str = "bicubic"
    """As of the operation `upscale`."""
    quality: str = "low"
    preset: str = "none"
    t: float = 0.0
    """Media time in s of what moves in the chain."""
    seed: int = 0
    """Of what is random in the chain."""
    until: float = math.inf
    """CLOCK_MONOTONIC second after which nobody waits for it any more."""
    is_timed: bool = False
    """Whether to tell what the chain takes; it is run twice for that."""


ToAvatar = (
    OpenAvatar | CloseAvatar | SetState | Say | Hush
    | StartRendition | StopRendition | RequestKeyframe | TakeSnapshot | TakePose
)  # fmt: skip
Down = ToAvatar | ProcessStill


@dataclass(frozen=True)
class Booted:
    """The interpreter is up and torch imported; avatars may be opened."""

    device: str
    """"cuda[:n]", "mps" or "cpu"."""
    seconds: float
    """From process start to here."""
    note: str = ""
    """What the operator should know of the device, such as why "auto" is not the card that is there."""


@dataclass(frozen=True)
class BootFailed:
    """The worker cannot run with these options; if none has before, starting it again would not help."""

    detail: str


@dataclass(frozen=True)
class Broken:
    """The worker cannot go on, and ends; another one may do better."""

    detail: str


@dataclass(frozen=True)
class Beat:
    """The worker lives: every BEAT_S, from a thread that does nothing else, also before it has booted."""

    opening_s: float = 0.0
    """How long it has been opening the avatar that takes longest; 0 if it opens none."""
    rendering_s: float = 0.0
    """The same of the pictures it is rendering."""


@dataclass(frozen=True)
class AvatarStarting:
    """The worker that renders it is gone or new; not sent by workers, but by whoever replaces them."""

    avatar: str


@dataclass(frozen=True)
class AvatarReady:
    """The model is loaded and the character prepared."""

    avatar: str
    animator: str
    """What "auto" became."""
    seconds: float
    """Time the model and the character took."""
    note: str = ""
    """What the character's owner should know, such as why its student is not used."""


@dataclass(frozen=True)
class AvatarFailed:
    """The avatar cannot be animated; the text is for the user."""

    avatar: str
    detail: str
    may_pass: bool = False
    """It was no fault of the character or its settings, so it may go well another time."""
    is_shown: bool = False
    """The character before this one still is."""
    no_room: bool = False
    """The device has no memory left for it; another one may have."""


@dataclass(frozen=True)
class PictureImpaired:
    """What of an avatar's chain and backdrop cannot be made; its picture goes on without it."""

    avatar: str
    detail: str
    """For the user; "" when all of it is there again."""


@dataclass(frozen=True)
class Sized:
    """From now on an avatar's pictures are made at this size, or for another reason."""

    avatar: str
    side: int
    """Px of the posed picture, before it is cut."""
    why: str
    """For the user: a part of a sentence."""


@dataclass(frozen=True)
class Stats:
    """Once a second, per avatar that is being rendered."""

    avatar: str
    fps: float
    stage_ms: dict[str, float] = field(default_factory=dict)
    """Mean milliseconds per frame of pose, animate, backdrop, each operation as "chain <place> <name>", what
    else the chain takes as "chain", layout, encode."""
    encoders: dict[str, str] = field(default_factory=dict)
    """Rendition → the encoder at work, such as "libx264", and why it is not NVENC where a card refuses."""


@dataclass(frozen=True)
class StillProcessed:
    """What became of a picture."""

    request: int
    still: Still


@dataclass(frozen=True)
class SnapshotTaken:
    """A picture of an avatar, or of a pose."""

    request: int
    png: bytes = field(repr=False)
    """sRGB, straight alpha."""


@dataclass(frozen=True)
class StillFailed:
    """A picture that could not be made; the text is for the user."""

    request: int
    detail: str


FromAvatar = AvatarStarting | AvatarReady | AvatarFailed | EncodedFrame | PictureImpaired | Sized | Stats
PictureAnswer = StillProcessed | SnapshotTaken | StillFailed
"""What a request for a picture comes back as."""
Up = Booted | BootFailed | Broken | Beat | FromAvatar | PictureAnswer
