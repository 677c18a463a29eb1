"""The door: who may watch now, shared by WHEP and the JSON offer."""

from aiohttp import hdrs, web

from avatar_rtc.errors import CapacityExceeded
from avatar_rtc.frame import Layout
from avatar_rtc.server.avatar import Avatar
from avatar_rtc.server.keys import AVATARS, CONFIG
from avatar_rtc.server.problems import Problem
from avatar_rtc.server.routes.ice import own_ice_servers
from avatar_rtc.server.viewers import Viewer

RETRY_FAILED_S = 10


async def admit(
    request: web.Request, avatar: Avatar, offer_sdp: str, layout: Layout, speaks: bool = False
) -> tuple[Viewer, str]:
    """Let a viewer in: its connection, and the answer to its offer.

    Args:
        speaks: it may lend the avatar its voice.

    Raises:
        Problem: 409, the avatar has failed; a viewer could only wait.
        CapacityExceeded: as many watch already as may, over all avatars.
        BadOffer: the offer cannot be answered.
    """
    config = request.app[CONFIG]
    if avatar.condition.phase == "failed":
        raise Problem(
            409,
            f"the avatar cannot be shown: {avatar.condition.detail}",
            {hdrs.RETRY_AFTER: str(RETRY_FAILED_S)},
        )
    if sum(len(each.viewers) for each in request.app[AVATARS].values()) >= config.max_viewers:
        raise CapacityExceeded("viewers", config.max_viewers)
    return await avatar.viewers.join(offer_sdp, layout, own_ice_servers(config), speaks)
