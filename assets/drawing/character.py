"""What a drawn character is, and its picture as one layered SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from svg import blurs, group


@dataclass(frozen=True)
class Drawing:
    """A character as drawn.

    Args:
        defs: gradients and masks.
        layers: (id, SVG) from back to front.
        cels: SVG by cel name, drawn over all layers.
        corner: the point of the drawing at the picture's upper left. A fraction of a pixel decides how alike
            THA3 closes both eyes: drawn around x 256, the face's axis is best shown near 254.
    """

    name: str
    defs: str
    layers: Sequence[tuple[str, str]]
    cels: Mapping[str, str]
    corner: tuple[float, float]
    side: float = 512
    """How many units of the drawing the picture shows: more is a smaller figure."""

    def svg(self, cel: str = "") -> str:
        """The picture as SVG, or one cel alone. What is not shown is kept in the file, but hidden."""
        layers = group(
            "\n".join(group(content, name=name) for name, content in self.layers),
            name="character",
            attributes=_shown(not cel),
        )
        cels = "\n".join(
            group(content, name=f"cel-{name}", attributes=_shown(name == cel))
            for name, content in self.cels.items()
        )
        left, top = self.corner
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512" '
            f'viewBox="{left} {top} {self.side:g} {self.side:g}">\n'
            "<!-- Drawn by assets/drawing. CC BY 4.0, the avatar_rtc authors. -->\n"
            f"<defs>{blurs()}{self.defs}</defs>\n{layers}\n{cels}\n</svg>\n"
        )


def _shown(visible: bool) -> str:
    return "" if visible else 'display="none"'
