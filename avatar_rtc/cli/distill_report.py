"""What was measured of a student: files beside it, and a table for who looks on."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avatar_rtc.distill.learned import Learned
    from avatar_rtc.distill.measure import Report
    from avatar_rtc.distill.plan import Plan


def write_report(out: Path, report: "Report", plan: "Plan") -> None:
    """`student.json` with the figures and `student.png` with the pictures, beside the student."""
    from dataclasses import asdict

    from avatar_rtc.characters.image import write_png
    from avatar_rtc.characters.sheet import compared
    from avatar_rtc.files import put_file

    text = {"psnr_db": report.figures, "stray_px": report.stray_px}
    text |= {"worst_held_out_poses": report.worst[:10], "plan": asdict(plan)}
    put_file(out.with_suffix(".json"), (json.dumps(text, indent=2) + "\n").encode())
    write_png(out.with_suffix(".png"), compared(report.pairs))


def print_report(last: "Learned", out: Path, console: Any) -> None:
    """The figures, and on stderr what to do where they are poor."""
    from rich.table import Table

    from avatar_rtc.distill.learning import is_worth_showing

    report, size = last.report, len(last.data)
    table = Table("PSNR, dB", "mean", "5th percentile", "worst", caption=f"{out}, {size / 2**20:.1f} MB")
    for region, row in report.figures.items():
        table.add_row(region, *(f"{row[key]:.1f}" for key in ("mean", "p5", "worst")))
    console.print(table)
    console.print(f"student above teacher: {out.with_suffix('.png')}", soft_wrap=True)
    if last.what == "rig":
        poor = "" if is_worth_showing(report) else " too far from THA3 to be shown instead of it,"
        print(f"avatar-rtc: a rig,{poor} without training; --quality good comes nearer", file=sys.stderr)
    elif not report.good_enough:
        print("avatar-rtc: it is not good enough to replace THA3; try --quality best", file=sys.stderr)
