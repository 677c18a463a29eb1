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
from avatar_rtc.media.encode import EncodingFailed, VideoEncoder, create_encoder
from avatar_rtc.media.encode_image import encode_image
from avatar_rtc.media.nvenc import Nvenc
from avatar_rtc.render.animator import Animator, device_of
from avatar_rtc.render.cels import Cels
from avatar_rtc.render.colour import ColourSpace
from avatar_rtc.render.compositor import DressedCharacter
from avatar_rtc.render.device.card import Card
from avatar_rtc.render.device.streams import AnyStreams
from avatar_rtc.render.filters.chain import active
from avatar_rtc.render.pixels import cut
from avatar_rtc.render.portrait import SIZE, portrait_of
from avatar_rtc.render.soft import soft_parts
from avatar_rtc.stream.crop import Crop
from avatar_rtc.stream.frame import AnyRendition, EncodedFrame, ImageRendition, Rendition, video_pts
from avatar_rtc.stream.rungs import take_of
from avatar_rtc.worker.layouts import PictureForm, Planes
from avatar_rtc.worker.meter import Meter
from avatar_rtc.worker.mouths import Mouths
from avatar_rtc.worker.picture import Finisher
from avatar_rtc.worker.pictures import original_of, pixels_of

PAUSED_FPS = 2.0
"""A picture that stands still is sent again, for those who come and those who have lost it."""

STILL_FPS = 10.0
"""One that is held in a pose: a slider that moves is seen within 0.1 s; nothing is animated between."""


@dataclass
class Slot:
    """The encoder of one rendition."""

    rendition: Rendition
    nvenc: Nvenc = field(default_factory=Nvenc)
    encoder: VideoEncoder | None = None
    made_for: tuple[tuple[int, ...], float] = ((), 0.0)
    """Shape and rate of the pictures the encoder takes."""
    key_wanted: bool = True
    encoded_last: float = -math.inf
    """Media time of the picture that was encoded last."""

    def encode(self, picture: NDArray[np.uint8], fps: float, t: float) -> list[tuple[bytes, bool]]:
        """Packets of the picture for media time t; a new size or rate starts a new encoder.

        Of pictures that come faster than the rung takes them some have none, but never one that a key is
        wanted of. What a card fails to encode, the processor does.

        Raises:
            InputError: too large a picture for its rate.
            EncodingFailed: it cannot be encoded; the next one starts a new encoder.
        """
        height, width = picture.shape[0] * 2 // 3, picture.shape[1]
        wanted = self.rendition
        take = take_of(wanted.rung, width, height, fps)
        if self.encoder is None or (picture.shape, fps) != self.made_for:
            self.close()
            self.encoder = create_encoder(
                wanted.codec,
                width,
                height,
                take.fps,
                take.bitrate_bps,
                whole_nals=wanted.whole_nals,
                nvenc=self.nvenc,
            )
            self.made_for, self.key_wanted = (picture.shape, fps), True
        if not self.key_wanted and 0 <= t - self.encoded_last < 1 / take.fps - 0.5 / fps:
            return []
        self.encoded_last = t
        key, self.key_wanted = self.key_wanted, False
        encoder = self.encoder
        try:
            return encoder.encode(picture, video_pts(t), key)
        except EncodingFailed as error:
            self.close()
            if not encoder.is_hardware:
                raise
            self.nvenc.refuse(width, height, error)
        return self.encode(picture, fps, t)

    @property
    def described(self) -> str:
        """The encoder at work; "" before the first picture."""
        return self.encoder.described if self.encoder is not None else ""

    def close(self) -> None:
        """Free the encoder."""
        if self.encoder is not None:
            self.encoder.close()
            self.encoder = None


@dataclass
class ImageSlot:
    """Frames as images, which need no encoder that remembers."""

    rendition: ImageRendition
    key_wanted: bool = True

    def encode(self, picture: NDArray[np.uint8], fps: float, t: float) -> list[tuple[bytes, bool]]:
        """The picture as an image file."""
        self.key_wanted = False
        return [(encode_image(picture, self.rendition.codec), True)]

    @property
    def described(self) -> str:
        """The encoder at work."""
        return self.rendition.codec

    def close(self) -> None:
        """Nothing to free."""


def slot_of(rendition: AnyRendition, nvenc: Nvenc | None = None) -> Slot | ImageSlot:
    """What encodes a rendition; `nvenc` is what a card has refused in this process."""
    return Slot(rendition, nvenc or Nvenc()) if isinstance(rendition, Rendition) else ImageSlot(rendition)


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

    @property
    def streams(self) -> AnyStreams | None:
        """Those of its device; None of a CPU."""
        return None if self.card is None else self.card.streams

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
        shown = frozenset(self.slots), self.stands_still, self.crop, failing.left_out, state.cast
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
        picture = self.cels.draw(picture, self.cels.layers(appearance.fx), self.space)
        height, width = picture.shape[-2:]
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
) -> LiveAvatar:
    """A live avatar with its character prepared; this may take seconds.

    Args:
        mouths: those that are known in this process; None knows none.
        chain_ms: what the operations of one frame may take.
        card: of the device that animators may be on; None of a CPU.
    """
    card = None if card is None or device_of(animator).type != card.device.type else card
    rgba = pixels_of(message)
    portrait = portrait_of(rgba, original_of(message), device=card.device if card else "cpu")
    opener = (mouths or Mouths()).at_once(animator, rgba) or USUAL_MOUTH
    cels = Cels(message.cels)
    templates = {**changed(emotions, message.emotions), **message.own_emotions}
    complaints: list[str] = []
    return LiveAvatar(
        opened=message,
        animator=animator,
        cels=cels,
        character=DressedCharacter(animator, portrait, cels, soft_parts(rgba)),
        mixer=Mixer(templates, message.seed, message.cels, message.keep_eyes_open, opener),
        templates=templates,
        finisher=Finisher(
            message.matte_size, message.seed, complaints.append, chain_ms, card=card, label=message.label
        ),
        complaints=complaints,
        state=message.state,
        card=card,
    )
