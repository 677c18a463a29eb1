"""Backdrops that somebody brought: any picture in, a WebP of a bounded size and a small copy of it kept."""

import contextlib
import hashlib
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from PIL import Image

from avatar_rtc.characters.image import read_picture
from avatar_rtc.characters.own import NoRoom
from avatar_rtc.errors import AlreadyThere, Refused, SetupError, UnknownName
from avatar_rtc.files import put_file
from avatar_rtc.filters_schema.backdrops import Backdrops
from avatar_rtc.intake.names import check_name

log = logging.getLogger(__name__)

MAX_SIDE_PX = 2048
"""Of a picture that is kept; what is larger is made smaller."""
_THUMBNAIL_PX = (256, 144)
_QUALITY = 90
_GROUND = (24, 26, 38)
"""Seen through a picture with transparency: the plain backdrop's colour."""
_LOCK_S = 10.0


class OwnBackdrops:
    """The pictures in a folder; for any thread, and for several servers on one folder."""

    def __init__(self, folder: Path) -> None:
        self.known = Backdrops(folder)
        self._folder = folder

    def save(self, name: str, data: bytes, most: int) -> Path:
        """Keep a picture under a name that is free; gives its file.

        Args:
            most: so many may be kept.

        Raises:
            InputError: the name could not be one; or the picture cannot be read, see `read_picture`.
            Refused: it is a shipped one's.
            AlreadyThere: there is one of that name.
            NoRoom: as many are kept as may be.
            SetupError: the folder cannot be written, or the disk is full.
        """
        self._require_own(name)
        self._require_free(name)
        picture = _flat(read_picture(data))
        picture.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
        kept = _webp(picture)
        file = f"{name}.{hashlib.sha256(kept).hexdigest()[:16]}.webp"
        picture.thumbnail(_THUMBNAIL_PX, Image.Resampling.LANCZOS)
        try:
            self._thumbnail(Path(file)).parent.mkdir(parents=True, exist_ok=True)
            with self._locked():
                self._require_free(name)
                if len(self.known.own_files()) >= most:
                    raise NoRoom("backdrops", "backdrops of one's own", most)
                put_file(self._thumbnail(Path(file)), _webp(picture))
                put_file(self._folder / file, kept)
        except OSError as error:
            log.error("cannot keep the backdrop %s: %s", name, error)
            raise SetupError(f"the backdrop {name!r} cannot be kept: {error.strerror or error}") from None
        return self._folder / file

    def delete(self, name: str) -> None:
        """Forget one.

        Raises:
            InputError: the name could not be one.
            Refused: it is a shipped one.
            UnknownName: there is none of that name.
            SetupError: the folder cannot be written.
        """
        self._require_own(name)
        file = self.known.file(name)
        try:
            file.unlink(missing_ok=True)
            self._thumbnail(file).unlink(missing_ok=True)
        except OSError as error:
            raise SetupError(f"the backdrop {name!r} cannot be deleted: {error.strerror}") from None

    def picture(self, name: str, small: bool = False) -> bytes:
        """The WebP of one's own backdrop, or of its small copy.

        Raises:
            InputError, UnknownName: as `delete`.
        """
        file = self.known.own_files().get(check_name(name))
        if file is not None:
            with contextlib.suppress(FileNotFoundError):
                return (self._thumbnail(file) if small else file).read_bytes()
        raise UnknownName("backdrop", name, self.known.own_files())

    def _thumbnail(self, file: Path) -> Path:
        return self._folder / "thumbnails" / file.name

    def _require_own(self, name: str) -> None:
        if check_name(name) in self.known.shipped_files():
            raise Refused(f"{name!r} is a shipped backdrop, which stays as it is; choose another name")

    def _require_free(self, name: str) -> None:
        if name in self.known.own_files():
            raise AlreadyThere("a backdrop", name)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with FileLock(self._folder.with_name(f".{self._folder.name}.lock"), timeout=_LOCK_S):
                yield
        except Timeout:
            raise OSError(f"somebody else has worked in it for {_LOCK_S:g} s") from None


def _flat(rgba: NDArray[np.uint8]) -> Image.Image:
    ground = Image.new("RGBA", (rgba.shape[1], rgba.shape[0]), (*_GROUND, 255))
    ground.alpha_composite(Image.fromarray(rgba))
    return ground.convert("RGB")


def _webp(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=_QUALITY)
    return file.getvalue()
