"""Which device renders, and a sentence on every one that cannot: an explicit one is refused, "auto" goes on.

"auto" is the first CUDA card that works, else the CPU. It never is "mps": of the operators that THA3 and the
filters need, torch has had some there in part only, and a character's student is fluid on those processors.
"""

import re
from dataclasses import dataclass, replace

from avatar_rtc.errors import MAX_SHOWN, InputError
from avatar_rtc.render.device.driver import DRIVER_S
from avatar_rtc.render.device.machine import Machine, SeenCard, TorchMachine
from avatar_rtc.render.device.memory import is_out_of_memory

NEEDED_BYTES = 640 * 2**20
"""Of a card's free memory, beside what CUDA itself takes there: the larger THA3 in float16 (259 MiB), what it
computes with for one picture (139 MiB; both counted on the meta device by the tests), a chain at 1024 x 1024
(80 to 150 MiB), and what libraries want to work in."""
_NO_CARDS = ("", "-1")
"""CUDA_VISIBLE_DEVICES of who wants none to be used."""


@dataclass(frozen=True)
class Choice:
    """A device that was tried and works."""

    device: str
    """As torch names it."""
    note: str = ""
    """Why "auto" is the CPU although there is a card, or not the first; "" if there is nothing to say."""
    may_improve: bool = False
    """A card was only too full: asked again, it may be the better choice."""


class _Unusable(Exception):
    """What is wrong with a device."""

    def __init__(self, wrong: str, advice: str = "") -> None:
        """`advice` is what to do about it."""
        super().__init__("; ".join(filter(None, [wrong, advice])))
        self._has_advice = bool(advice)

    def or_else(self, otherwise: str) -> str:
        """All of it, for who asked for that device."""
        return f"{self}{', or' if self._has_advice else ';'} {otherwise}"


class _TooFull(_Unusable):
    """Too little of its memory is free."""

    def __init__(self, card: SeenCard, free: int) -> None:
        super().__init__(
            f"{card.name} has {free >> 20} of {card.total_bytes >> 20} MiB free, and rendering takes "
            f"{NEEDED_BYTES >> 20}",
            "end what else uses it, take a larger card",
        )


def choose_device(
    name: str, machine: Machine | None = None, otherwise: str = "use 'cpu' or 'auto'"
) -> Choice:
    """The device of "auto", "cpu", "mps" or "cuda[:n]", tried by computing something small there.

    Args:
        machine: None is this one.
        otherwise: what else would help whoever asks for one that cannot be used.

    Raises:
        InputError: the device cannot be used here; says why, and what would help.
    """
    if name == "cpu":
        return Choice("cpu")
    machine = machine or TorchMachine()
    if name == "auto":
        return _auto(machine)
    try:
        if name == "mps":
            _try_mps(machine)
        else:
            _try_card(machine, _cards(machine), int(name.partition(":")[2] or 0))
    except _Unusable as error:
        raise InputError(f"device {name!r}: {error.or_else(otherwise)}") from None
    return Choice(name)


def _auto(machine: Machine) -> Choice:
    if not (machine.cuda_build or machine.has_driver()):
        return Choice("cpu")
    wrong: list[_Unusable] = []
    try:
        cards = _cards(machine)
    except _Unusable as error:
        # A build for CUDA is what is installed everywhere: without a driver there is nothing to tell.
        is_known = not machine.has_driver() or machine.hidden_by() in _NO_CARDS
        return Choice("cpu") if is_known else _second_best("cpu", [error])
    for index in range(len(cards)):
        try:
            _try_card(machine, cards, index)
        except _Unusable as error:
            wrong.append(error)
            continue
        return _second_best(f"cuda:{index}", wrong) if wrong else Choice("cuda")
    return _second_best("cpu", wrong)


def _second_best(device: str, wrong: list[_Unusable]) -> Choice:
    where = "the CPU" if device == "cpu" else device
    note = f"rendering on {where}: {'; '.join(map(str, wrong))}"
    return Choice(device, note, any(isinstance(each, _TooFull) for each in wrong))


def _cards(machine: Machine) -> list[SeenCard]:
    """The cards that torch sees, at least one."""
    if not machine.cuda_build:
        if machine.has_driver():
            raise _Unusable(
                "NVIDIA's driver is there, but this PyTorch is built for the CPU alone",
                "install PyTorch's CUDA build (its site tells how)",
            )
        raise _Unusable("this machine has no CUDA GPU, and this PyTorch is built for the CPU alone")
    free = machine.ask_driver() if machine.has_driver() else []
    if free is None:
        raise _Unusable(
            f"NVIDIA's driver does not answer within {DRIVER_S:g} s",
            "look at `nvidia-smi`, restart the machine",
        )
    try:
        cards, why = machine.cards()
    except Exception as error:  # torch has several kinds for it
        cards, why = (), str(error)
    if cards and len(cards) == len(free):
        return [replace(card, free_bytes=each) for card, each in zip(cards, free, strict=True)]
    if cards:
        return [*cards]
    if found := re.search(r"driver on your system is too old \(found version (\d+)\)", why):
        raise _Unusable(
            f"NVIDIA's driver is too old for this PyTorch ({machine.cuda_build}): it knows "
            f"{_cuda_version(int(found[1]))}",
            "update the driver, install a PyTorch that is built for it",
        )
    if (hidden := machine.hidden_by()) is not None and machine.has_driver():
        raise _Unusable(
            f"CUDA_VISIBLE_DEVICES is {hidden!r:.{MAX_SHOWN}} and hides all cards", "name one there, unset it"
        )
    if not machine.has_driver():
        raise _Unusable("this machine has no CUDA GPU, or no driver for it is loaded")
    raise _Unusable(f"CUDA cannot start: {_words(why) or 'torch sees no card'}", "look at `nvidia-smi`")


def _try_card(machine: Machine, cards: list[SeenCard], index: int) -> None:
    if index >= len(cards):
        there = ", ".join(f"cuda:{n} ({card.name})" for n, card in enumerate(cards))
        raise _Unusable(f"there is none of that number, only {there}", "name one of those")
    card, device = cards[index], f"cuda:{index}"
    if card.free_bytes is not None and card.free_bytes < NEEDED_BYTES:
        raise _TooFull(card, card.free_bytes)
    try:
        machine.probe(device)
        free = machine.free_bytes(device)
    except Exception as error:
        if is_out_of_memory(error):
            raise _TooFull(card, 0) from None
        raise _why_not(machine, card, error) from None
    if free < NEEDED_BYTES:
        raise _TooFull(card, free)


def _why_not(machine: Machine, card: SeenCard, error: Exception) -> _Unusable:
    if "no kernel image" in str(error) or "invalid device function" in str(error):
        its = ".".join(map(str, card.capability))
        return _Unusable(
            f"{card.name} has compute capability {its}, for which this PyTorch ({machine.cuda_build}) has no "
            f"kernels, only for {', '.join(machine.kernels) or 'others'}",
            "install a PyTorch that has",
        )
    return _Unusable(f"{card.name} cannot be used: {_words(str(error))}", "look at `nvidia-smi`")


def _try_mps(machine: Machine) -> None:
    if not machine.has_mps_build:
        raise _Unusable("this PyTorch is not built for it, only those for macOS on Apple silicon are")
    if not machine.has_mps:
        raise _Unusable("this is no Apple silicon machine with macOS 12.3 or newer")
    try:
        machine.probe("mps")
    except Exception as error:
        raise _Unusable(f"this PyTorch lacks there what rendering needs: {_words(str(error))}") from None


def _cuda_version(number: int) -> str:
    """As NVIDIA counts: 12020 is CUDA 12.2."""
    return f"CUDA {number // 1000}.{number % 1000 // 10}"


def _words(said: str) -> str:
    """The first sentence of what torch says, which goes on with advice for its developers."""
    line = said.strip().splitlines()[0] if said.strip() else ""
    return re.split(r"(?<!e\.g)\. ", line)[0].removeprefix("CUDA initialization: ").rstrip(".")[:200]
