"""`avatar-rtc serve` whose avatars come into made rooms: `python -m avatar_rtc.bench.launch_server …`.

Doors, calls, avatars and encoders are those of the product, and so is LiveKit's library but for its rooms.
"""

import sys

from avatar_rtc.bench.made_room import MadeServer
from avatar_rtc.bench.wrapped import run_serve
from avatar_rtc.livekit.sdk_room import SdkRooms
from avatar_rtc.server import app
from avatar_rtc.server.limits import Pool
from avatar_rtc.server.live.rooms.agent_rooms import AgentRooms
from avatar_rtc.stream.frame import Codec


def made_rooms(pool: Pool, codec: Codec) -> AgentRooms:
    """What stands in for the rooms of a server."""
    return AgentRooms(pool, codec, SdkRooms(MadeServer().library).join)


if __name__ == "__main__":
    vars(app)["AgentRooms"] = made_rooms
    sys.exit(run_serve(sys.argv[1:]))
