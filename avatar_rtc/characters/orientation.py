"""Pictures stand as their files say: cameras and editors often turn the note, not the pixels."""

from PIL import ExifTags, Image

_WAYS = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT, "mirrored"),
    3: (Image.Transpose.ROTATE_180, "turned by 180°"),
    4: (Image.Transpose.FLIP_TOP_BOTTOM, "mirrored top to bottom"),
    5: (Image.Transpose.TRANSPOSE, "turned by 90° and mirrored"),
    6: (Image.Transpose.ROTATE_270, "turned by 90° to the right"),
    7: (Image.Transpose.TRANSVERSE, "turned by 90° and mirrored"),
    8: (Image.Transpose.ROTATE_90, "turned by 90° to the left"),
}
"""Value of Exif's orientation → what brings the picture upright."""


def upright(rgba: Image.Image, image: Image.Image) -> tuple[Image.Image, list[str]]:
    """The pixels upright, and what was done.

    Args:
        rgba: the pixels of `image`, as its decoder gave them.
        image: loaded, with what its file says of itself.
    """
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        way = _WAYS.get(orientation)
    except Exception:  # broken Exif ends in whatever it leads its parser to
        return rgba, ["its Exif data cannot be read and is passed over: it stands as it is stored"]
    if way is None:
        return rgba, []
    return rgba.transpose(way[0]), [f"{way[1]}, as the file asks"]
