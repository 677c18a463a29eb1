"""What a distillation tells: a bar for who looks on, lines of JSON for the server that started it."""

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_rtc.distill.progress import TimeLeft

if TYPE_CHECKING:
    from avatar_rtc.distill.learned import Learned
    from avatar_rtc.distill.run import DistillProgress

FIRST_RIG_S = 60.0
"""From the start to the first rig on two cores with nothing else to do."""


@dataclass(frozen=True)
class Telling:
    """Who is told what."""

    progress: "DistillProgress"
    written: "Callable[[Path, Learned], None]"
    """A file has replaced a worse one."""


@contextmanager
def bar_on(pace: TimeLeft, console: Any) -> Iterator[Telling]:
    """Show a bar with the time left, and what is written above it."""
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = TextColumn("{task.description:18}"), BarColumn(), TaskProgressColumn()
    with Bar(*columns, TextColumn("{task.fields[left]}"), console=console) as bar:
        task = bar.add_task("starting", total=1.0, left="")

        def show(doing: str, done: int, of: int) -> None:
            share, left = pace.after(doing, done, of)
            text = "" if left is None else f"{left / 60:.0f} min left" if left > 90 else f"{left:.0f} s left"
            bar.update(task, completed=share, description=doing, left=text)

        def written(out: Path, learned: "Learned") -> None:
            means = ", ".join(f"{name} {row['mean']:.1f} dB" for name, row in learned.report.figures.items())
            said = f"{out}: a {learned.what} of {learned.pictures} pictures, {means}"
            bar.console.print(said, soft_wrap=True, highlight=False)

        yield Telling(show, written)


def json_lines(pace: TimeLeft, quality: str = "good", now: Callable[[], float] = time.monotonic) -> Telling:
    """Print lines of JSON: of progress one a second at most.

    Until the first rig is written, `next` is that, and `next_s` guesses from what it usually takes.
    """
    said, begun, comes = -math.inf, now(), "rig"

    def show(doing: str, done: int, of: int) -> None:
        nonlocal said
        share, left = pace.after(doing, done, of)
        if now() - said <= 1:
            return
        said = now()
        seconds = None if left is None else round(left)
        next_s = round(max(0.0, begun + FIRST_RIG_S - now())) if comes == "rig" else seconds
        line = {"doing": doing, "share": round(share, 4), "seconds_left": seconds}
        print(json.dumps({**line, "next": comes, "next_s": next_s}), flush=True)

    def written(out: Path, learned: "Learned") -> None:
        nonlocal comes
        comes = "rig" if quality == "instant" else "student"
        line = {"written": str(out), "what": learned.what, "pictures": learned.pictures}
        print(json.dumps({**line, "figures": learned.report.figures}), flush=True)

    return Telling(show, written)
