"""A podcast of two agents that know their lines: one stage, one picture, one sound.

avatar-rtc serve
python examples/podcast.py                 # and open http://127.0.0.1:8080/view/podcast
python examples/podcast.py --keep          # leave them on the stage afterwards

Each agent says what it has to say as soon as it has heard the other, and both greet at once: on the stage one
is heard after the other. In the place of the script a language model may answer: give `agent` your `answer`.
"""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Callable

from avatar_rtc import Remote, Server
from avatar_rtc.errors import AvatarRtcError, NotFound, Unreachable

STAGE = "podcast"
HOSTS = {"liora": "[joy] Welcome to the show! *waves*", "tavi": "Good morning. Liora, why so early?"}
"""Host → what it opens with; each is a shipped character."""
ANSWERS = {
    "early": "Because the birds are up. *giggles* What did you dream of, Tavi?",
    "dream of": "[realization] A stage. Two of us on it, and nobody was interrupted.",
    "stage": "[surprise] Then you dreamt of now! *nods* Say goodbye, Tavi.",
    "goodbye": "[love:0.6] Farewell, everybody. *winks*",
}
"""Words in what was heard → what is said to that."""
LAST_WORD = "farewell"


def scripted(heard: str) -> str:
    """What an agent says to what it hears; "" is nothing."""
    return next((said for word, said in ANSWERS.items() if word in heard.lower()), "")


async def agent(
    url: str, token: str | None, name: str, speed: float, opening: str, answer: Callable[[str], str]
) -> None:
    """One host: says its opening, hears the stage, and answers what others say, until the last word."""
    own = f"{STAGE}-{name}"
    async with (
        Remote(f"{url}/api/v1/avatars/{STAGE}", token=token) as stage,
        Remote(f"{url}/api/v1/avatars/{own}", token=token) as me,
    ):
        await me.say(opening, speed=speed)
        heard: dict[str, str] = {}
        async for event in stage.speech_events():
            speech, is_own = event["speech_id"], event.get("avatar") == own
            if event["type"] == "speech.subtitle":
                heard[speech] = f"{heard.get(speech, '')} {event['text']}".strip()
            elif event["type"] == "speech.finished" and (said := heard.pop(speech, "")):
                if is_own:
                    print(f"{name}: {said}", flush=True)
                elif reply := answer(said):
                    await me.say(reply, speed=speed)
                if LAST_WORD in said.lower():
                    return


async def record(url: str, token: str | None, speed: float, keep: bool) -> None:
    """Make the stage and its avatars, let the agents talk, and delete what was made."""
    url = url.rstrip("/")
    async with Server(url, token=token) as server:
        await end(server)
        try:
            for name in HOSTS:
                await server.create_avatar(f"{STAGE}-{name}", name)
            places = [{"avatar": f"{STAGE}-{name}", "flip": name == "tavi"} for name in HOSTS]
            await server.create_stage(STAGE, places, backdrop={"name": "night"})
            print(f"on stage: {url}/view/{STAGE}", flush=True)
            agents = (agent(url, token, name, speed, opening, scripted) for name, opening in HOSTS.items())
            await asyncio.gather(*agents)
        finally:
            if not keep:
                await end(server)


async def end(server: Server) -> None:
    """Delete the stage and its hosts, where they are."""
    for name in (STAGE, *(f"{STAGE}-{host}" for host in HOSTS)):
        with contextlib.suppress(NotFound):
            await server.delete_avatar(name)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--url", default="http://127.0.0.1:8080", help="of the server")
parser.add_argument("--token", help="for servers that ask for one; it takes the scope admin")
parser.add_argument("--speed", type=float, default=1.0, help="of their voices, 0.5 to 2")
parser.add_argument("--keep", action="store_true", help="leave stage and avatars there afterwards")
args = parser.parse_args()
try:
    asyncio.run(record(args.url, args.token, args.speed, args.keep))
except Unreachable as error:
    sys.exit(f"podcast: {error}; is it running? start it by: avatar-rtc serve")
except AvatarRtcError as error:
    sys.exit(f"podcast: {error}")
except KeyboardInterrupt:
    pass
