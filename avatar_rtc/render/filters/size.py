"""Operations that change the size of the picture."""

from torch import Tensor

from avatar_rtc.filters_schema.size import Upscale
from avatar_rtc.render.upscale.enlarge import enlarge


def upscale(image: Tensor, params: Upscale, t: float, seed: int) -> Tensor:
    """(4, ⌊factor H⌋, ⌊factor W⌋) of a premultiplied sRGB picture, so edges take no dark rim.

    >>> upscale(Tensor(4, 8, 8), Upscale(factor=2), 0, 0).shape
    torch.Size([4, 16, 16])
    """
    height, width = (int(side * params.factor) for side in image.shape[-2:])
    return enlarge(image, height, width, params.method, params.quality, params.preset)


FILTERS = {"upscale": upscale}
