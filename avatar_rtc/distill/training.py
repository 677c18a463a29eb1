"""One training run: fixed steps, a checkpoint from time to time, the same end whether interrupted or not.

What happens in step k follows from the seed and k alone, and the checkpoint holds everything else.
"""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from avatar_rtc.distill.muon import Muon
from avatar_rtc.errors import SetupError
from avatar_rtc.files import replacing

CHECKPOINT_S = 30.0
_WARM_UP = 0.02
"""The share of the steps in which the learning rate rises; after that it falls along a cosine."""
_AVERAGED = 0.98
"""Decay per step of the running mean of the weights, which is what is kept in the end."""

_READ_STEPS = 50
"""A loss on a device is read with so many others: reading one waits for its step to end."""

StepProgress = Callable[[int, int, float], None]
"""Told the steps done, the steps there are, and the newest loss that was read."""


class Training:
    """Trains a module to the end of its steps; `averaged` is the result."""

    def __init__(
        self,
        module: nn.Module,
        loss: Callable[[nn.Module, int], Tensor],
        steps: int,
        rate: float,
        path: Path,
        matrices: Sequence[nn.Parameter] = (),
        matrix_rate: float = 0.02,
    ) -> None:
        """
        Args:
            loss: of the module in step k; draws whatever is random from k.
            rate: the highest learning rate of what AdamW moves.
            path: of the checkpoint; taken up if it is there.
            matrices: what Muon moves; see `inner_weights`.
            matrix_rate: its highest learning rate.
        """
        self._module, self._loss, self.steps, self._path = module, loss, steps, path
        self.averaged = _RunningMean(module)
        learned = [p for p in module.parameters() if p.requires_grad]
        turned = {id(each) for each in matrices}
        others = [p for p in learned if id(p) not in turned]
        self._optimizers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(others, lr=rate, weight_decay=1e-4)
        ]
        if matrices:
            self._optimizers.append(Muon(matrices, matrix_rate))
        self._schedules = [
            torch.optim.lr_scheduler.LambdaLR(each, lambda k: _rate(k / steps)) for each in self._optimizers
        ]
        self.done = 0
        self.losses: list[float] = []
        """One per checkpoint interval's worth of steps, for the report: means of 50 steps."""
        self._recent: list[float] = []
        self._unread: list[Tensor] = []
        self._read_steps = 1 if all(p.device.type == "cpu" for p in learned) else _READ_STEPS
        self._take_up()

    def run(self, progress: StepProgress) -> nn.Module:
        """Train until all steps are done; returns the averaged module.

        Raises:
            SetupError: the checkpoint cannot be written; the one before is still there.
        """
        saved = time.monotonic()
        while self.done < self.steps:
            self._step()
            if len(self._unread) >= self._read_steps or not (self._recent or self.losses):
                self._read_losses()
            progress(self.done, self.steps, self._recent[-1] if self._recent else self.losses[-1])
            if time.monotonic() - saved > CHECKPOINT_S or self.done == self.steps:
                self.save()
                saved = time.monotonic()
        return self.result

    @property
    def result(self) -> nn.Module:
        """What has been learned so far: the averaged module."""
        return self.averaged.module.eval()

    def _step(self) -> None:
        loss = self._loss(self._module, self.done)
        self._module.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._module.parameters(), 1.0)
        for optimizer, schedule in zip(self._optimizers, self._schedules, strict=True):
            optimizer.step()
            schedule.step()
        self.averaged.update_parameters(self._module)
        self.done += 1
        self._unread.append(loss.detach())

    def _read_losses(self) -> None:
        """Read all that are still on the device, in one copy."""
        if not self._unread:
            return
        for loss in torch.stack(self._unread).cpu().tolist():
            self._recent.append(loss)
            if len(self._recent) == 50:
                self.losses.append(sum(self._recent) / 50)
                self._recent.clear()
        self._unread.clear()

    def save(self) -> None:
        """Write the checkpoint: the new one takes the old one's place only when it is whole."""
        self._read_losses()
        state: dict[str, Any] = {
            "done": self.done,
            "losses": self.losses,
            "recent": self._recent,
            "module": self._module.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizers": [each.state_dict() for each in self._optimizers],
            "schedules": [each.state_dict() for each in self._schedules],
        }
        try:
            with replacing(self._path) as part, part.open("wb") as file:
                torch.save(state, file)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
            raise SetupError(
                f"cannot write {self._path}: {error}; the checkpoint before it is kept"
            ) from None

    def _take_up(self) -> None:
        if not self._path.exists():
            return
        # Wherever it was written: what is loaded goes to where the module is.
        state = torch.load(self._path, map_location="cpu", weights_only=True)
        self.done, self.losses, self._recent = state["done"], state["losses"], state["recent"]
        self._module.load_state_dict(state["module"])
        self.averaged.load_state_dict(state["averaged"])
        for optimizer, kept in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        for schedule, kept in zip(self._schedules, state["schedules"], strict=True):
            schedule.load_state_dict(kept)


class _RunningMean(AveragedModel):
    """The mean of a module's weights over its steps, the newest counting most."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__(module)
        self._move = get_ema_multi_avg_fn(_AVERAGED)  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """As in the parent, which uploads the number of steps each time and has the host wait for it."""
        mean, newest = list(self.parameters()), list(model.parameters())
        if self.n_averaged == 0:
            for kept, new in zip(mean, newest, strict=True):
                kept.copy_(new)
        else:
            self._move(mean, newest, self.n_averaged)
        self.n_averaged += 1


def _rate(at: float) -> float:
    rise = min(1.0, at / _WARM_UP + 0.02)
    return rise * (0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, at))) / 2)


def draw(seed: int, step: int, size: int, count: int) -> NDArray[np.intp]:
    """`size` numbers below `count` for a step, each as often as any other over an epoch.

    >>> sorted(int(i) for i in draw(0, 0, 4, 4))
    [0, 1, 2, 3]
    """
    size = min(size, count)
    per_epoch = max(1, count // size)
    order = np.random.default_rng([seed, step // per_epoch]).permutation(count)
    start = step % per_epoch * size
    return order[start : start + size]
