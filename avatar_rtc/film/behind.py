"""What stands behind the avatar in a film without transparency: the backdrop of its state."""

from torch import Tensor

from avatar_rtc.control.state import Backdrop
from avatar_rtc.filters_schema.backdrops import backdrop_file
from avatar_rtc.render.backdrop import Ground


class Behind:
    """The grounds of one film; the newest is kept."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._newest: tuple[Backdrop, tuple[int, int], Ground] | None = None

    def at(self, backdrop: Backdrop, size: tuple[int, int], t: float) -> Tensor:
        """(3, height, width) sRGB, for (width, height) in px and media time t.

        Raises:
            UnknownName: there is no backdrop of that name here.
            InputError: it cannot be read, or an operation would make too large a picture.
        """
        if self._newest is None or self._newest[:2] != (backdrop, size):
            file = None if backdrop.name is None else backdrop_file(backdrop.name).read_bytes()
            self._newest = (backdrop, size, Ground(backdrop, file, size, "cpu"))
        return self._newest[2].at(t, self._seed)
