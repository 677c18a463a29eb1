"""The device of commands: what is said of it, and what they say when its memory is full."""

import argparse
import io
from typing import Any

import pytest
import torch

from avatar_rtc.cli import main as command_line
from avatar_rtc.cli.device import chosen_device
from avatar_rtc.render.device import choice
from avatar_rtc.render.device.choice import Choice


def test_a_note_goes_to_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    for note in ("", "rendering on the CPU: the driver [of the card] is too old"):
        monkeypatch.setattr(choice, "choose_device", lambda name, note=note: Choice("cpu", note))
        console = Console(width=20, record=True, file=io.StringIO())
        assert chosen_device("auto", console) == "cpu"
        assert console.export_text().strip() == note


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory."),
            "the card has no memory left for this; end what else",
        ),
        (MemoryError(), "this machine has no memory left for this; end what else uses it\n"),
        (RuntimeError("broken"), None),
    ],
)
def test_a_command_without_memory_ends_with_a_sentence(
    error: Exception, said: str | None, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def run(args: argparse.Namespace) -> int:
        raise error

    parser = argparse.ArgumentParser()
    parser.set_defaults(run=run)
    monkeypatch.setattr(command_line, "build_parser", lambda: parser)
    if said is None:
        with pytest.raises(RuntimeError, match="broken"):
            command_line.main([])
    else:
        assert command_line.main([]) == 1 and said in capsys.readouterr().err
