"""Pictures that are no avatar's: enlarged and run through a chain, once."""

import numpy as np
import torch

from avatar_rtc.link import ProcessStill, Still, StillFailed, StillProcessed
from avatar_rtc.render.colour import converted, premultiplied
from avatar_rtc.render.filters.chain import run_chain
from avatar_rtc.render.upscale.enlarge import enlarge


@torch.inference_mode()
def process(message: ProcessStill, device: str) -> StillProcessed | StillFailed:
    """The answer to a request; whatever goes wrong is told, never raised."""
    try:
        return StillProcessed(message.request, _processed(message, device))
    except Exception as error:
        return StillFailed(message.request, f"the picture cannot be processed: {error}")


def _processed(message: ProcessStill, device: str) -> Still:
    given = message.still
    pixels = np.frombuffer(given.rgba, np.uint8).reshape(given.height, given.width, 4)
    image = torch.from_numpy(pixels.copy()).to(device).permute(2, 0, 1).float() / 255
    if message.size is not None:
        width, height = message.size
        large = enlarge(premultiplied(image), height, width, message.method, message.quality)  # type: ignore[arg-type]
        image = converted(large, "srgb-premultiplied", "srgb")
    image, space = run_chain(image, "srgb", message.chain, 0.0, 0)
    rgba = converted(image, space, "srgb").mul(255).round().byte().permute(1, 2, 0).cpu().numpy()
    return Still(rgba.tobytes(), rgba.shape[1], rgba.shape[0])
