"""Which engine speaks a language: the best one here that knows it. One table says which is better.

script of the letters ──► language (`languages.scripts`; for Latin letters the configured one) ──► the first
engine of its row that is here and has a voice of it ──► nobody: refused with what to install
"""

from collections.abc import Iterable
from types import MappingProxyType

_ROWS = MappingProxyType(
    {
        "ja": "voicevox openai piper kokoro-ja kokoro espeak hibari",
        "": "voicevox openai piper kokoro hibari espeak kokoro-ja",
    }
)
"""By language, "" for all others: what somebody set up, then what is installed, the best first.

What speaks one language alone is last where it is not that one, so that it is never taken for the voice of a
text in Latin letters. No row asks whether an engine can read the letters: `Engine.reads` tells, and espeak
says no to what it would spell.
"""


def ranked(language: str, engines: Iterable[str]) -> list[str]:
    """The names of engines, best first; those that no row knows stand before, in their order.

    >>> ranked("ja", ["hibari", "kokoro-ja", "espeak"]), ranked("en", ["kokoro-ja", "espeak", "hibari"])
    (['kokoro-ja', 'espeak', 'hibari'], ['hibari', 'espeak', 'kokoro-ja'])

    Args:
        language: as `scripts.language_tag` gives it; "" is what is spoken where nothing tells a language.
    """
    row = _ROWS.get(language, _ROWS[""]).split()
    return sorted(engines, key=lambda name: row.index(name) if name in row else -1)
