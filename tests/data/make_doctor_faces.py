"""Draw what lies in `assets/drawing` to judge the doctor by, pose it, and keep the faces for its quick tests.

python tests/data/make_doctor_faces.py [NAME ...]   needs resvg-py and THA3's weights; 10 s each on two cores
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar_rtc.characters.image import read_character
from avatar_rtc.doctor.diagnosis import AAA, HELD_SHUT, NEUTRAL, WINKS, doctor_poses
from avatar_rtc.render.posed import render_poses
from avatar_rtc.stream.pixels import rounded, seen_on

ROOT = Path(__file__).parent.parent.parent
FOLDER = Path(__file__).parent / "doctor_faces"
FACES = (NEUTRAL, *WINKS.values(), AAA, *HELD_SHUT)
"""What is kept of each, below the drawing itself."""
ROWS, COLUMNS = slice(96, 224), slice(160, 352)
GREY = 128


def main(names: Sequence[str], folder: Path = FOLDER) -> None:
    """Draw, pose and keep those named, or all."""
    sys.path.insert(0, str(ROOT / "assets" / "drawing"))
    import resvg_py

    variations, heads, strangers = (import_module(n) for n in ("variations", "heads", "strangers"))
    drawings = {name: variations.svg(one) for name, one in variations.VARIATIONS.items()}
    drawings |= {name: heads.svg(one) for name, one in strangers.STRANGERS.items()}
    folder.mkdir(exist_ok=True)
    for name in names or drawings:
        rgba = read_character(
            bytes(resvg_py.svg_to_bytes(svg_string=drawings[name], width=1024, height=1024))
        )
        poses = doctor_poses(FACES[1:])
        pictures = [rgba, *render_poses(rgba, list(poses.values()), "tha3", "cpu")]
        keep(name, pictures, folder)


def keep(name: str, pictures: Sequence[NDArray[np.uint8]], folder: Path = FOLDER) -> None:
    """Write the faces of one, one below the other, on grey."""
    strip = np.concatenate([rounded(seen_on(picture, GREY))[ROWS, COLUMNS] for picture in pictures])
    Image.fromarray(strip).save(folder / f"{name}.webp", quality=85, method=6)


if __name__ == "__main__":
    main(sys.argv[1:])
