"""The door: who may watch now, shared by WHEP, the JSON offer and the feed."""

import time
from functools import partial

from aiohttp import hdrs, web

from avatar_rtc.control.messages import ControlMessage, SpeechAppend, SpeechSay
from avatar_rtc.control.microphone_message import MicrophoneMode
from avatar_rtc.log_context import concerning
from avatar_rtc.server.addresses import address_of
from avatar_rtc.server.http.keys import AVATARS, CONFIG, GATE, GATHERING, LIMITS, grant_of, payer_of
from avatar_rtc.server.http.problems import RequestRefused
from avatar_rtc.server.http.routes.ice import own_ice_servers
from avatar_rtc.server.limits import Limits
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.seats import who_yields
from avatar_rtc.server.live.viewers import Entrant, Viewer
from avatar_rtc.stream.frame import Layout

RETRY_FAILED_S = 10


def require_shown(avatar: Avatar) -> None:
    """Refuse an avatar of which there will be no picture.

    Raises:
        Problem: 409, it has failed; whoever waits for a picture could only wait.
    """
    if avatar.status.phase == "failed":
        raise RequestRefused(
            409,
            f"the avatar cannot be shown: {avatar.status.detail}",
            {hdrs.RETRY_AFTER: str(RETRY_FAILED_S)},
        )


def require_room(request: web.Request, avatar: Avatar) -> None:
    """Refuse one viewer too many, by WebRTC or by feed; an offer that does not connect may have to yield.

    Raises:
        Problem: as `require_shown`.
        TooSoon: the caller comes too often.
        CapacityExceeded: as many watch already as may, over all avatars.
    """
    require_shown(avatar)
    avatars, config, limits = request.app[AVATARS].values(), request.app[CONFIG], request.app[LIMITS]
    limits.charge("offers_per_minute", payer_of(request))
    watching = sum(len(each.viewers) + each.streams.feeds for each in avatars)
    is_full = watching >= config.max_viewers
    pending = {offer: each.viewers for each in avatars for offer in each.viewers.pending()}
    yields = who_yields(
        tuple(pending), address_of(request.remote), time.monotonic(), is_full, config.limits.pending_offers
    )
    if yields is not None:
        limits.count("pending_offers")
        pending[yields].dismiss(yields)
    elif is_full:
        raise limits.refuse("max_viewers", "viewers", config.max_viewers)


async def admit(
    request: web.Request,
    avatar: Avatar,
    offer_sdp: str,
    layout: Layout,
    microphone: MicrophoneMode | None = None,
    only_hears: bool = False,
) -> tuple[Viewer, str]:
    """Let a viewer in: its connection, and the answer to its offer. It may do what the request may.

    Args:
        microphone: what its own sound is for at first; None takes none.
        only_hears: it brings its sound, and gets nothing.

    Raises:
        Problem, TooSoon, CapacityExceeded: as `require_room`.
        BadOffer: the offer cannot be answered.
    """
    require_room(request, avatar)
    ice = own_ice_servers(request.app[CONFIG], request.app[GATHERING])
    entrant = Entrant(
        address_of(request.remote),
        grant_of(request),
        request.app[GATE].tenures,
        partial(charge_message, request.app[LIMITS], payer_of(request)),
    )
    with concerning(avatar=avatar.name):
        return await avatar.viewers.join(offer_sdp, layout, ice, entrant, microphone, only_hears)


def charge_message(limits: Limits, payer: str, message: ControlMessage) -> None:
    """Charge a caller for what a message costs: texts to be said.

    Raises:
        TooSoon: too much of it lately.
    """
    if isinstance(message, SpeechSay | SpeechAppend):
        limits.charge_text(payer, message.text)
