"""In-betweens: frames whose body turns as networks said before, and whose face is posed anew.

```
 frame      0     1 between   2           3 between   4
 networks   N0    -           N2          -           N4
 body       N0    N0          N0 .. N2    N2          N2 .. N4     .. is the mean of two turns
```
Half as many turns are asked for, and the body moves at the full rate, half a frame later.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from avatar_rtc.face.pose import ROTATION
from avatar_rtc.render.tha3.character import Tha3Character
from avatar_rtc.render.tha3.cover import Cover
from avatar_rtc.render.tha3.large import half_way


@dataclass(frozen=True)
class Pace:
    """Which rows of a batch turn, and which show a turn that is known."""

    between: Sequence[bool]
    """Whether each row is an in-between that has a turn to show."""
    turning: Sequence[int]
    """Rows whose networks are asked."""
    again: Sequence[int]
    """Rows composed anew, of their newest turn."""

    def show(self, batch: Sequence[Tha3Character], covers: Sequence[Cover | None]) -> None:
        """Compose what the networks alone do not show; their part is done."""
        for row in self.again:
            batch[row].wear(covers[row])
            batch[row].show(batch[row].turn())
        for row in self.turning:
            character = batch[row]
            if character.last is not None:
                character.show(half_way(character.last, character.turn()), is_half_way=True)

    def keep(self, batch: Sequence[Tha3Character], poses: Tensor, asked: Sequence[bool]) -> None:
        """Note what each row shows now, and from where the next turn sets out."""
        for row, (character, pose) in enumerate(zip(batch, poses[:, : ROTATION.stop], strict=True)):
            if self.between[row]:
                character.pose = torch.cat([pose[: ROTATION.start], character.turned_by])
            else:
                character.pose = pose.clone()
                character.turned_by = character.pose[ROTATION]
            is_between = bool(asked) and asked[row]
            character.last = (character.last or character.turn()) if is_between else None


def pace_of(
    batch: Sequence[Tha3Character],
    covers: Sequence[Cover | None],
    face: Sequence[int],
    body: Sequence[int],
    asked: Sequence[bool],
) -> Pace:
    """The pace of a batch.

    Args:
        face, body: the rows in which these are stale, see `stale_rows`.
        asked: whether each row is to be an in-between; none is, if it is empty.
    """
    between = [bool(asked) and asked[row] and each.maps.numel() > 0 for row, each in enumerate(batch)]
    again = [
        row
        for row, each in enumerate(batch)
        if (between[row] and (row in face or each.cover is not covers[row] or each.is_half_way))
        or (row not in body and each.is_half_way)
    ]
    return Pace(between, [row for row in body if not between[row]], again)
