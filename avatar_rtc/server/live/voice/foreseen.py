"""The first sentence of a text that comes word by word, as soon as it is probably complete.

Where a sentence ends, the next word tells; until that is here, the sentence can be made already.
"""

import re
from collections.abc import AsyncIterator, Callable

from avatar_rtc.speech.cleaning.cleaner import ReadAloud, clean
from avatar_rtc.speech.sentences import LIMIT, split

_STOPPED = re.compile(r"[.!?…。！？．।؟][\"'”’)\]*_」』]{0,4}\s*\Z")


async def foreseeing(
    chunks: AsyncIterator[str], read_aloud: ReadAloud, begin: Callable[[str], None]
) -> AsyncIterator[str]:
    """The same chunks; `begin` is called with each sentence that the text would be if it ended there.

    That is so until the text is longer than a sentence may be. Nothing is kept of it then.
    """
    begun = ""
    async for chunk in chunks:
        yield chunk
        if len(begun) <= LIMIT:
            begun += chunk
            if len(begun) <= LIMIT and _STOPPED.search(begun):
                sentences = split(clean(begun, read_aloud))
                # Of marks that are not closed nobody knows what they will be.
                if len(sentences) == 1 and "<" not in sentences[0]:
                    begin(sentences[0])
