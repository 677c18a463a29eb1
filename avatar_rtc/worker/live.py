"""One avatar inside the worker: its newest state, its prepared character, its encoders."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from avatar_rtc.animation.emotions import changed
from avatar_rtc.animation.lips import USUAL_MOUTH
from avatar_rtc.animation.mixer import Appearance, Mixer
from avatar_rtc.animation.still import held_still
from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.filters_schema.chain import enlargement
from avatar_rtc.link.orders import OpenAvatar, PictureImpaired
from avatar_rtc.render.animator import Animator, device_of, is_on_gpu
from avatar_rtc.render.cels import Cels
from avatar_rtc.render.colour import ColourSpace
from avatar_rtc.render.compositor import DressedCharacter
from avatar_rtc.render.device.card import Card
from avatar_rtc.render.device.streams import AnyStreams
from avatar_rtc.render.filters.chain import active
from avatar_rtc.render.pixels import cut
from avatar_rtc.render.portrait import SIZE
from avatar_rtc.render.soft import SoftParts, soft_parts
from avatar_rtc.stream.crop import Crop
from avatar_rtc.stream.frame import AnyRendition, EncodedFrame, video_pts
from avatar_rtc.worker.layouts import PictureForm, Planes
from avatar_rtc.worker.meter import Meter
from avatar_rtc.worker.mouths import Mouths
from avatar_rtc.worker.picture import Finisher
from avatar_rtc.worker.pictures import pixels_of, portrait_at
from avatar_rtc.worker.slots import ImageSlot, Slot

PAUSED_FPS = 2.0
"""A picture that stands still is sent again, for those who come and those who have lost it."""

STILL_FPS = 10.0
"""One that is held in a pose: a slider that moves is seen within 0.1 s; nothing is animated between."""


@dataclass
class LiveAvatar:
    """All the worker keeps about one avatar. One thread at a time may use it."""

    opened: OpenAvatar
    animator: Animator
    cels: Cels
    character: DressedCharacter
    mixer: Mixer
    templates: Mapping[str, EmotionTemplate]
    """Of the character."""
    finisher: Finisher
    complaints: list[str]
    """What the finisher has told of chain and backdrop, and nobody has read yet."""
    state: AvatarState
    card: Card | None = None
    """That of its animator; None if that is a CPU."""
    slots: dict[AnyRendition, Slot | ImageSlot] = field(default_factory=dict)
    posed_px: tuple[int, int] = (SIZE, SIZE)
    """Width and height of the posed picture, before it is cut."""
    shown_last: Appearance | None = None
    """The appearance that was shown last."""
    still: Mapping[PictureForm, NDArray[np.uint8]] = field(default_factory=dict)
    """While it is paused or still: its picture in each layout."""
    soft: SoftParts | None = None
    """What of it swings."""
    side: int = SIZE
    """Px of the pictures that its animator gives."""

    @property
    def streams(self) -> AnyStreams | None:
        """Those of its device; None of a CPU."""
        return None if self.card is None else self.card.streams

    @property
    def is_on_gpu(self) -> bool:
        """Whether a card makes its pictures."""
        return is_on_gpu(self.animator)

    @property
    def has_in_betweens(self) -> bool:
        """Whether every second of its frames asks no network how the body turns."""
        wanted = self.state.settings.in_betweens
        return not self.is_held and (
            wanted == "on" or (wanted == "auto" and self.is_on_gpu and self.rate > 30)
        )

    @property
    def rate(self) -> float:
        """Frames per second of its motion; encoders are made for them."""
        return min(self.opened.fps, self.state.settings.target_fps)

    @property
    def fps(self) -> float:
        """Frames per second to aim for now."""
        if self.state.still is not None:
            return min(self.rate, STILL_FPS)
        return min(self.rate, PAUSED_FPS) if self.state.paused else self.rate

    @property
    def stands_still(self) -> bool:
        """Whether what is shown next is known already."""
        return self.is_held and self.layouts <= self.still.keys()

    @property
    def is_held(self) -> bool:
        """Whether its picture stands until it is told something."""
        return self.state.paused or self.state.still is not None

    def take(self, state: AvatarState) -> None:
        """Be in another state from now on."""
        self.state, self.still = state, {}

    def take_over(self, before: "LiveAvatar") -> None:
        """Be the same avatar with another character: its viewers stay, and its motion goes on."""
        opener = self.mixer.opener
        self.slots, self.mixer = before.slots, before.mixer
        self.mixer.recast(self.templates, self.opened.cels, self.opened.keep_eyes_open, opener)

    def dressed_at(self, side: int) -> DressedCharacter:
        """Its character for pictures of another size; any thread may ask, and it may take seconds."""
        device = self.card.device if self.card else "cpu"
        portrait = portrait_at(self.opened, side, device)
        return DressedCharacter(self.animator, portrait, self.cels, self.soft)

    def resize(self, side: int, character: DressedCharacter) -> None:
        """Give pictures of another size from now on, by what `dressed_at` gave; all else goes on."""
        self.side, self.character, self.still = side, character, {}

    @property
    def is_stage(self) -> bool:
        """Whether its picture is that of others, who stand on it."""
        return self.state.cast is not None

    @property
    def space(self) -> ColourSpace:
        """Of the picture that `shown` takes and gives."""
        return "srgb-premultiplied" if self.is_stage else self.animator.space

    @property
    def recipe(self) -> object:
        """All that decides what a frame costs, as far as a state tells."""
        state, failing = self.state, self.finisher.failing
        shown = frozenset(self.slots), self.stands_still, self.crop, failing.left_out, state.cast, self.side
        return shown, state.shown_chain, state.backdrop

    @property
    def has_operations(self) -> bool:
        """Whether anything is done to its picture or backdrop."""
        behind = self.state.backdrop.chain
        return bool(active(self.state.shown_chain) or (behind != "shared" and active(behind)))

    @property
    def crop(self) -> Crop:
        """The part of the posed picture that is shown."""
        return self.opened.views.shown(self.state.crop, self.state.framing)

    def t(self, now: float) -> float:
        """Media time of a monotonic second."""
        return now - self.opened.epoch

    def appearance(self, t: float) -> Appearance:
        """The appearance at media time t; one that is paused keeps its last, one that is still its pose."""
        if self.state.still is not None:
            return held_still(self.state.still, self.opened.cels)
        if self.shown_last is None or not self.state.paused:
            self.shown_last = self.mixer.appearance(self.state, t)
        return self.shown_last

    def shown(self, picture: torch.Tensor, appearance: Appearance) -> torch.Tensor:
        """The posed picture with the effects around it, cut to what is shown; in its `space`."""
        height, width = picture.shape[-2:]
        layers = self.cels.layers(appearance.fx)
        picture = self.cels.at(width).draw(picture, layers, self.space) if layers else picture
        self.posed_px = width, height
        return cut(picture, self.crop)

    @property
    def layouts(self) -> set[PictureForm]:
        """Those that somebody watches."""
        return {rendition.layout for rendition in self.slots}

    @property
    def encoders(self) -> dict[str, str]:
        """What encodes each rendition that somebody watches."""
        return {f"{rendition}": slot.described for rendition, slot in self.slots.items() if slot.described}

    def planes(
        self,
        picture: torch.Tensor,
        t: float,
        layouts: Collection[PictureForm],
        meter: Meter | None = None,
    ) -> Planes:
        """The picture in these layouts, of what `shown` gave; see `Finisher.planes`."""
        state = self.state
        return self.finisher.planes(picture, self.space, t, state.shown_chain, state.backdrop, layouts, meter)

    def frames(
        self, planes: Mapping[PictureForm, NDArray[np.uint8]], t: float, cost_ms: float
    ) -> list[EncodedFrame]:
        """The encoded frames of all renditions, given the picture of each layout wanted.

        A rendition that cannot be encoded has none; that is told, and tried again later.
        """
        name, larger = self.opened.avatar, enlargement(self.state.shown_chain)
        full_size = round(self.posed_px[0] * larger), round(self.posed_px[1] * larger)
        frames = []
        for slot in self.slots.values():
            picture = planes[slot.rendition.layout]
            encode = partial(slot.encode, picture, self.rate, t)
            cause = picture.shape, self.rate
            for data, key in self.finisher.failing.attempt(f"{slot.rendition}", cause, t, encode) or ():
                frame = EncodedFrame(name, slot.rendition, video_pts(t), key, data, cost_ms)
                is_image = slot.rendition.layout == "rgba"
                frames.append(replace(frame, crop=self.crop, full_size=full_size) if is_image else frame)
        return frames

    def impairments(self) -> list[PictureImpaired]:
        """What there is to tell of chain and backdrop since this was asked last."""
        told = [PictureImpaired(self.opened.avatar, detail) for detail in self.complaints]
        self.complaints.clear()
        return told

    def forget_kept(self) -> None:
        """Free what is kept for speed alone, and would be made anew."""
        self.character.forget_dressed()
        self.finisher.forget_tables()

    def close(self) -> None:
        """Free the encoders."""
        for slot in self.slots.values():
            slot.close()


def open_avatar(
    message: OpenAvatar,
    animator: Animator,
    emotions: Mapping[str, EmotionTemplate],
    chain_ms: float = math.inf,
    card: Card | None = None,
    mouths: Mouths | None = None,
    side: int = SIZE,
) -> LiveAvatar:
    """A live avatar with its character prepared; this may take seconds.

    Args:
        mouths: those that are known in this process; None knows none.
        chain_ms: what the operations of one frame may take.
        card: of the device that animators may be on; None of a CPU.
        side: px of the pictures to be made.
    """
    card = None if card is None or device_of(animator).type != card.device.type else card
    rgba = pixels_of(message)
    portrait, soft = portrait_at(message, side, card.device if card else "cpu"), soft_parts(rgba)
    opener = (mouths or Mouths()).at_once(animator, rgba) or USUAL_MOUTH
    cels = Cels(message.cels)
    templates = {**changed(emotions, message.emotions), **message.own_emotions}
    complaints: list[str] = []
    return LiveAvatar(
        opened=message,
        animator=animator,
        cels=cels,
        character=DressedCharacter(animator, portrait, cels, soft),
        mixer=Mixer(templates, message.seed, message.cels, message.keep_eyes_open, opener),
        templates=templates,
        finisher=Finisher(
            message.matte_size, message.seed, complaints.append, chain_ms, card=card, label=message.label
        ),
        complaints=complaints,
        state=message.state,
        card=card,
        soft=soft,
        side=side,
    )
