"""Characters that are decoded already: thirty pictures take 200 ms, and avatars of one come by the dozen."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from weakref import WeakValueDictionary

from avatar_rtc.characters.character import Character

MOST_KEPT_BYTES = 64 * 2**20
"""Of pictures and students that are kept though no avatar shows them: fifteen of 512 px, three of 2048."""
_Key = tuple[str, Hashable]


class Decoded:
    """Character by name and version of its files; the ones asked for last stay. For any thread."""

    def __init__(self, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[_Key, Character] = OrderedDict()
        self._bytes = 0
        self._alive: WeakValueDictionary[_Key, Character] = WeakValueDictionary()
        """Those that somebody holds cost nothing more."""
        self._lock = threading.Lock()

    @property
    def kept_bytes(self) -> int:
        """Of what is kept for its own sake."""
        return self._bytes

    def get(self, name: str, version: Hashable) -> Character | None:
        """The character in this version, if it is still here."""
        with self._lock:
            found = self._alive.get((name, version))
            if found is not None and (name, version) in self._kept:
                self._kept.move_to_end((name, version))
            return found

    def put(self, name: str, version: Hashable, character: Character) -> None:
        """Keep a character; older versions of it go, and the ones nobody asked for, as far as need be."""
        with self._lock:
            self._alive[name, version] = character
            for key in [key for key in self._kept if key[0] == name]:
                self._drop(key)
            size = size_of(character)
            if size > self._most_bytes:
                return
            self._kept[name, version] = character
            self._bytes += size
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: _Key) -> None:
        self._bytes -= size_of(self._kept.pop(key))


def size_of(character: Character) -> int:
    """Bytes of its pictures and of its student."""
    cels = sum(cel.rgba.nbytes for cel in character.cels.values())
    large = 0 if character.large is None else character.large.nbytes
    return character.rgba.nbytes + large + cels + len(character.student or b"")
