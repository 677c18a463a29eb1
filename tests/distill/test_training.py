"""Training: the loss falls, the same steps give the same bits, and an interruption changes nothing."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from avatar_rtc.distill.training import Training, draw
from avatar_rtc.errors import SetupError


def lesson(module: nn.Module, step: int) -> Tensor:
    """Learn to double what is given."""
    given = torch.from_numpy(draw(5, step, 4, 64)).float()[:, None] / 64
    loss: Tensor = (module(given) - 2 * given).square().mean()
    return loss


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(1, 16), nn.SiLU(), nn.Linear(16, 1))


def numbers(module: nn.Module) -> list[float]:
    return torch.cat([p.flatten() for p in module.parameters()]).tolist()


def train(path: Path, steps: int = 300) -> Training:
    return Training(network(), lesson, steps, 1e-2, path)


def test_the_loss_falls(tmp_path: Path) -> None:
    run = train(tmp_path / "a.pt")
    run.run(lambda done, of, loss: None)
    assert run.losses[-1] < run.losses[0] / 10


def test_an_interruption_changes_no_bit(tmp_path: Path) -> None:
    whole = numbers(train(tmp_path / "whole.pt").run(lambda done, of, loss: None))

    def interrupt(done: int, of: int, loss: float) -> None:
        if done == 137:
            broken.save()
        if done == 150:
            raise KeyboardInterrupt

    broken = train(tmp_path / "broken.pt")
    with pytest.raises(KeyboardInterrupt):
        broken.run(interrupt)
    again = train(tmp_path / "broken.pt")
    assert again.done == 137
    assert numbers(again.run(lambda done, of, loss: None)) == whole


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = train(tmp_path / "a.pt")
    run.save()
    kept = (tmp_path / "a.pt").read_bytes()

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("avatar_rtc.distill.training.torch.save", full)
    with pytest.raises(SetupError, match="before it is kept"):
        run.save()
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"] and (tmp_path / "a.pt").read_bytes() == kept


def test_every_sample_is_drawn_once_an_epoch() -> None:
    drawn = [int(i) for step in range(8, 16) for i in draw(1, step, 4, 32)]
    assert sorted(drawn) == list(range(32))
