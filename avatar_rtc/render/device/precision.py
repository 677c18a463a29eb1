"""In what precision networks compute."""

import torch


def network_precision(device: torch.device | str) -> torch.dtype:
    """The type of a network's weights and maps: half floats on a graphics card, else float32.

    What it costs is measured in docs/gpu.md. The meta device stands for a card.
    """
    return torch.float16 if torch.device(device).type in ("cuda", "meta") else torch.float32
