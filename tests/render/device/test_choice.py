"""Which device renders: every way in which a card can fail to be of use, on machines that are made up."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
import torch

from avatar_rtc.errors import InputError
from avatar_rtc.render.device.choice import NEEDED_BYTES, Choice, choose_device
from avatar_rtc.render.device.machine import SeenCard, is_sick, probe

LARGE, OLD, SMALL = (
    SeenCard("Large 24", (8, 6), 24 * 2**30),
    SeenCard("Old 4", (5, 0), 4 * 2**30),
    SeenCard("Small 1", (8, 6), 2**30),
)
NO_KERNEL = RuntimeError(
    "CUDA error: no kernel image is available for execution on the device\n"
    "CUDA kernel errors might be asynchronously reported at some other API call."
)
TOO_OLD = (
    "CUDA initialization: The NVIDIA driver on your system is too old (found version 12020). Please update "
    "your GPU driver by downloading and installing a new version from the URL: http://www.nvidia.com/"
)
NO_DRIVER = (
    "CUDA initialization: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU "
    "and installed a driver from http://www.nvidia.com/Download/index.aspx"
)
UNKNOWN = (
    "CUDA initialization: CUDA unknown error - this may be due to an incorrectly set up environment, e.g. "
    "changing env variable CUDA_VISIBLE_DEVICES after program start. Setting the available devices to zero."
)


@dataclass
class Pretended:
    """A machine that says what it is told to; by default with one large card and all well."""

    cuda_build: str = "CUDA 13.0"
    kernels: Sequence[str] = ("sm_75", "sm_80", "sm_86")
    has_mps_build: bool = False
    has_mps: bool = False
    driver: bool = True
    told: Sequence[int] | None = ()
    hidden: str | None = None
    seen: Sequence[SeenCard] | Exception = (LARGE,)
    why: str = ""
    free: Sequence[int] = (20 * 2**30, 20 * 2**30)
    raises: dict[str, Exception] = field(default_factory=dict)
    probed: list[str] = field(default_factory=list)

    def has_driver(self) -> bool:
        return self.driver

    def ask_driver(self) -> Sequence[int] | None:
        return self.told

    def hidden_by(self) -> str | None:
        return self.hidden

    def cards(self) -> tuple[Sequence[SeenCard], str]:
        assert self.told is not None, "who asks a driver that hangs, hangs"
        if isinstance(self.seen, Exception):
            raise self.seen
        return self.seen, self.why

    def free_bytes(self, device: str) -> int:
        return self.free[int(device[-1])]

    def probe(self, device: str) -> None:
        self.probed.append(device)
        if device in self.raises:
            raise self.raises[device]


CPU_BUILD = {"cuda_build": "", "kernels": (), "seen": AssertionError("not compiled with CUDA")}
WRONG = {
    "CPU build, no card": ({**CPU_BUILD, "driver": False}, "no CUDA GPU, and this PyTorch is built for", ""),
    "CPU build, a card": (CPU_BUILD, "install PyTorch's CUDA build", "built for the CPU alone"),
    "no card": ({"seen": (), "driver": False}, "this machine has no CUDA GPU", ""),
    "no driver": ({"seen": (), "why": NO_DRIVER, "driver": False}, "no driver for it is loaded", ""),
    "driver too old": (
        {"seen": (), "why": TOO_OLD},
        r"too old for this PyTorch \(CUDA 13\.0\): it knows CUDA 12\.2; update the driver",
        "too old",
    ),
    "driver too old, raised": ({"seen": RuntimeError(TOO_OLD)}, r"it knows CUDA 12\.2", "too old"),
    "driver hangs": ({"told": None}, "does not answer within 20 s", "does not answer"),
    "cards hidden": ({"seen": (), "hidden": "7"}, "CUDA_VISIBLE_DEVICES is '7' and hides all", "hides"),
    "cards hidden on purpose": ({"seen": (), "hidden": "-1"}, "CUDA_VISIBLE_DEVICES is '-1' and hides", ""),
    "unknown error": (
        {"seen": (), "why": UNKNOWN},
        "CUDA cannot start: CUDA unknown error - this may be",
        "CUDA cannot start",
    ),
    "torch sees nothing": ({"seen": ()}, "torch sees no card", "torch sees no card"),
    "too old a card": (
        {"seen": (OLD,), "raises": {"cuda:0": NO_KERNEL}},
        r"Old 4 has compute capability 5\.0, .* only for sm_75, sm_80, sm_86; install a PyTorch that has",
        "compute capability",
    ),
    "too small a card": (
        {"seen": (SMALL,), "free": [NEEDED_BYTES - 1]},
        "Small 1 has 639 of 1024 MiB free, and rendering takes 640; end what else uses it",
        "rendering takes",
    ),
    "a full card": (
        {"raises": {"cuda:0": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB")}},
        "Large 24 has 0 of 24576 MiB free",
        "free",
    ),
    "a full card, no context": (
        {"raises": {"cuda:0": RuntimeError("CUDA error: out of memory\nCUDA kernel errors")}},
        "0 of 24576 MiB free",
        "free",
    ),
    "a broken card": (
        {"raises": {"cuda:0": RuntimeError("CUDA error: uncorrectable ECC error encountered\nCUDA kernel")}},
        "Large 24 cannot be used: CUDA error: uncorrectable ECC error encountered; look at `nvidia-smi`",
        "ECC",
    ),
    "a deferred error": (
        {"raises": {"cuda:0": Exception("CUDA call failed lazily at initialization with error: x")}},
        "cannot be used: CUDA call failed lazily",
        "lazily",
    ),
}


@pytest.mark.parametrize("row", WRONG)
def test_a_card_that_cannot_be_used_is_a_sentence_and_auto_goes_on(row: str) -> None:
    """Asked for by name it is refused. "auto" is the CPU, and says why, unless there is simply no card."""
    fields, sentence, note = WRONG[row]
    with pytest.raises(
        InputError, match=f"^device 'cuda': .*{sentence}.*[,;] (or )?use 'cpu' or 'auto'$"
    ) as raised:
        choose_device("cuda", Pretended(**fields))  # type: ignore[arg-type]
    assert "\n" not in str(raised.value) and "://" not in str(raised.value)
    choice = choose_device("auto", Pretended(**fields))  # type: ignore[arg-type]
    assert choice.device == "cpu"
    assert note in choice.note and bool(choice.note) == bool(note)
    assert choose_device("cpu", Pretended(**fields)) == Choice("cpu")  # type: ignore[arg-type]


def test_a_card_that_works_is_tried_once_and_taken() -> None:
    for name in ("auto", "cuda", "cuda:0"):
        machine = Pretended()
        assert choose_device(name, machine) == Choice("cuda" if name == "auto" else name)
        assert machine.probed == ["cuda:0"]


def test_on_a_card_that_is_too_full_nothing_is_put() -> None:
    """A context alone would take 300 MB of what others need; and asked again, it may have room."""
    full = Pretended(seen=(LARGE, LARGE), told=(0, 20 * 2**30))
    choice = choose_device("auto", full)
    assert (choice.device, choice.may_improve, full.probed) == ("cuda:1", True, ["cuda:1"])
    with pytest.raises(InputError, match="Large 24 has 0 of 24576 MiB free"):
        choose_device("cuda:0", full)
    assert choose_device("auto", Pretended(told=(0,))).may_improve
    assert not choose_device("auto", Pretended(seen=(OLD,), raises={"cuda:0": NO_KERNEL})).may_improve
    assert not choose_device("auto", Pretended()).may_improve


def test_a_card_of_another_number() -> None:
    machine = Pretended(seen=(LARGE, SMALL))
    assert choose_device("cuda:1", machine) == Choice("cuda:1") and machine.probed == ["cuda:1"]
    with pytest.raises(InputError, match=r"device 'cuda:1': there is none .* only cuda:0 \(Large 24\); name"):
        choose_device("cuda:1", Pretended())


def test_auto_takes_the_first_card_that_works() -> None:
    machine = Pretended(seen=(OLD, LARGE), raises={"cuda:0": NO_KERNEL})
    choice = choose_device("auto", machine)
    assert choice.device == "cuda:1" and "Old 4 has compute capability 5.0" in choice.note
    both = Pretended(seen=(OLD, SMALL), raises={"cuda:0": NO_KERNEL}, free=[0, 0])
    choice = choose_device("auto", both)
    assert choice.device == "cpu" and "Old 4" in choice.note and "Small 1" in choice.note


def test_mps() -> None:
    with pytest.raises(InputError, match="PyTorch is not built for it"):
        choose_device("mps", Pretended())
    with pytest.raises(InputError, match="no Apple silicon"):
        choose_device("mps", Pretended(has_mps_build=True))
    lacking = NotImplementedError(
        "The operator 'aten::x' is not currently implemented for the MPS device. If"
    )
    broken = Pretended(has_mps_build=True, has_mps=True, raises={"mps": lacking})
    with pytest.raises(InputError, match="lacks there what rendering needs: The operator 'aten::x' is not"):
        choose_device("mps", broken)
    apple = Pretended("", (), has_mps_build=True, has_mps=True, driver=False)
    assert choose_device("mps", apple) == Choice("mps")
    assert choose_device("auto", apple) == Choice("cpu"), "mps only by name"


def test_this_machine() -> None:
    probe("cpu")
    assert not is_sick("cpu")
    assert choose_device("auto").device == "cpu" or torch.cuda.is_available()
