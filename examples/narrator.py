"""Let an avatar read a story aloud, and act it: what stands in brackets and stars is done, and not said.

avatar-rtc serve
python examples/narrator.py                          # the story beside this file
python examples/narrator.py my_story.txt --url http://127.0.0.1:8080 --emotion auto
"""

import argparse
import asyncio
import sys
from pathlib import Path

from avatar_rtc import Remote
from avatar_rtc.errors import AvatarRtcError, Unreachable

STORY = Path(__file__).with_name("story.txt")
LONGEST = 5_000
"""Characters of a paragraph that are said at once."""


def paragraphs(path: Path) -> list[str]:
    """What stands between empty lines, each in one line; ValueError tells what is wrong with a file."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text: save it as UTF-8") from None
    found = [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
    if not found:
        raise ValueError(f"{path} is empty: write paragraphs with an empty line between them")
    if long := next((part for part in found if len(part) > LONGEST), None):
        raise ValueError(f"a paragraph has {len(long)} characters, at most {LONGEST} may be: {long[:40]}…")
    return found


async def narrate(url: str, token: str | None, story: list[str], emotion: str | None) -> None:
    """Say one paragraph after the other; the next waits already while one is heard, so nothing gapes."""
    async with Remote(url, token=token) as avatar:
        before: tuple[str, str] | None = None
        for part in story:
            speech = await avatar.say(part, emotion=emotion)
            if before is not None:
                await heard(avatar, *before)
            before = speech, part
        if before is not None:
            await heard(avatar, *before)


async def heard(avatar: Remote, speech: str, part: str) -> None:
    finished = await avatar.wait_until_spoken(speech)
    print(f"{finished['position_ms'] / 1000:5.1f} s  {part}", flush=True)
    if finished["interrupted"]:
        raise ValueError(finished.get("detail", "somebody has interrupted the story"))


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("story", nargs="?", type=Path, default=STORY, help="a text in UTF-8")
parser.add_argument("--url", default="http://127.0.0.1:8080", help="of the server, or of one of its avatars")
parser.add_argument("--token", help="for servers that ask for one; it takes the scope control")
parser.add_argument("--emotion", help='"auto" reads feelings from the words, where the text names none')
args = parser.parse_args()
try:
    asyncio.run(narrate(args.url, args.token, paragraphs(args.story), args.emotion))
except Unreachable as error:
    sys.exit(f"narrator: {error}; is it running? start it by: avatar-rtc serve")
except (AvatarRtcError, ValueError) as error:
    sys.exit(f"narrator: {error}")
except KeyboardInterrupt:
    pass
