"""How a report is read: its columns, and what each of its tables holds, in what units."""

from collections.abc import Mapping

LEGEND = """## How to read it

- Columns that end with `ms` are medians in milliseconds, the 95th percentile in brackets. They are times
  until the card has done it; `host ms` is until the host may go on.
- `ours` is as avatars get it: half floats, compiled functions and graphs, where they are to be had.
  `reference` is the code of THA3's authors in the same run, in float32. `x reference` is how many times as
  fast ours is.
- `floor ms` is what arithmetic, or bytes through the card's memory, take at the rates measured here, with
  kernels written by hand; less takes only who keeps several layers in the cache. `x floor` is how many times
  that ours takes. `fused floor ms` is the same of what a compiler can make.
- `launches` are kernels and copies that the host starts for one call; a graph that is replayed counts none.
  `launch-bound` is yes where the card waits for the host.
- `ready` is no where something was still being compiled or captured: it is slower than it will be.
- `right` is yes where what was found is within what is `wanted`. **NO** is a fault: please send it."""
ABOUT: Mapping[str, str] = {
    "tests": "They are in the checkout; a wheel has none.",
    "startup": (
        "Seconds, each taken once. The first frames choose kernels; what is compiled and captured comes "
        "later."
    ),
    "rates": (
        "What memory, arithmetic and launches reach here at the very best. Floors are reckoned with these."
    ),
    "equality": (
        "The same poses and characters. dB: PSNR over premultiplied sRGB, 120 is equal. largest "
        "difference: of any pixel, linear, not multiplied by alpha, in [-1, 1]."
    ),
    "students": "The CPU computes them, the card gets the picture: it must be the same. In [0, 1].",
    "filters": (
        "In sRGB over mid grey, in [0, 1]; a step of 8 bits is 0.0039. % over: of pixels, how many are "
        "further off than is wanted. Few of them, where an operation has steps, are roundings."
    ),
    "enlarging": "In premultiplied sRGB, in [0, 1]. Networks are in half floats on a card.",
    "layouts": "Of bytes, 0 to 255.",
    "frames": (
        "From poses on the host to pictures on the card. Batch N: N characters at once, and ms of all of "
        "them."
    ),
    "expected": (
        "docs/gpu.md ms: predicted there for this card, if it is there. own rates ms: the same formula "
        "with the rates above. More than 1: slower than predicted."
    ),
    "moving": "One character.",
    "networks": "Each alone: operator by operator, as a graph, and as a graph of maps with channels last.",
    "avatars": (
        "They are due together, at 512 px or what a chain makes of it. to bytes ms: until all pictures "
        "are on the host. to packets ms: and encoded, on one thread. animate ms is of all of them; chain, "
        "layout and encode ms of one."
    ),
    "chains": (
        "ours: what stands still replayed as a graph. without graph: the same without it, and without its "
        "layout. plain torch: the same operations, one after the other, as anybody would write them."
    ),
    "operations": "At its defaults, slowest first.",
    "doubling": "From the first size to twice that.",
    "output": (
        "layout ms: bytes on the card. on the host ms: and waited for there. by turns, side by side ms: "
        "four of them, each waited for before the next is asked for, or asked for together."
    ),
    "encoders": "Of one picture in memory of the host, to H.264; one thread.",
    "again": "Less than at first: heat, a limit of power, a laptop on its battery.",
    "prepared": (
        "Functions that torch compiled: how often, and seconds. Warnings: what was refused, and goes on "
        "without."
    ),
}
"""Of the sections, by name."""
