"""The characters of whoever runs a command, with the students of pictures that were met before."""

from typing import TYPE_CHECKING

from avatar_rtc.config import Config

if TYPE_CHECKING:
    from avatar_rtc.characters.store import CharacterStore
    from avatar_rtc.characters.student_cache import StudentCache


def own_store(config: Config | None = None) -> "CharacterStore":
    """Shipped and own characters as the settings have them; None are the usual ones."""
    from avatar_rtc.characters.store import CharacterStore, own_folder
    from avatar_rtc.resources import resource

    config = config or Config()
    cache = student_cache(config.students.cache_mb)
    return CharacterStore(resource("assets", "characters"), own_folder(config.data_dir), cache=cache)


def student_cache(mebibytes: float) -> "StudentCache | None":
    """Students by their picture, in the user's cache folder; None where there is room for none."""
    from avatar_rtc.characters.student_cache import StudentCache
    from avatar_rtc.render.tha3.weights_files import cache_folder

    return StudentCache(cache_folder() / "students", round(mebibytes * 2**20)) if mebibytes else None
