"""How a worker starts: with the device it is asked for, a sentence, or a second thought."""

import argparse
import math
import os
import queue
from typing import Any

import pytest

from avatar_rtc.errors import InputError
from avatar_rtc.link.orders import Booted, BootFailed, Broken, Up
from avatar_rtc.render import animators
from avatar_rtc.render.device import choice
from avatar_rtc.render.device.choice import Choice
from avatar_rtc.worker import __main__ as process
from avatar_rtc.worker.progress import StepClock
from tests.worker.stage import opened


def started(monkeypatch: pytest.MonkeyPatch, *choices: Choice | Exception) -> list[Up]:
    """What a worker says that finds these devices one after the other, and gets one avatar."""
    left, heard = [*choices], list[Up]()

    def chosen(name: str) -> Choice:
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(choice, "choose_device", chosen)
    monkeypatch.setattr(animators, "limit_threads", lambda: None)
    monkeypatch.setattr(os, "_exit", lambda code: None)
    inbox: Any = queue.SimpleQueue()

    def emit(message: Up) -> None:
        heard.append(message)
        if not isinstance(message, Booted):
            inbox.put(None)

    inbox.put(opened(animator="static"))
    args = argparse.Namespace(device="auto", spawned_at=0.0, chain_ms=math.inf)
    process._render(inbox, emit, StepClock(), args)
    return heard


def test_it_says_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    booted, *_ = started(monkeypatch, Choice("cpu", "rendering on the CPU: the driver is too old"))
    assert isinstance(booted, Booted) and booted.device == "cpu"
    assert booted.note == "rendering on the CPU: the driver is too old"
    assert started(monkeypatch, InputError("there is no card")) == [BootFailed("there is no card")]


def test_a_spare_that_found_the_card_full_makes_way_when_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    full, free = Choice("cpu", "the card is full", may_improve=True), Choice("cuda")
    assert any(isinstance(m, Broken) for m in started(monkeypatch, full, free))
    assert not any(isinstance(m, Broken) for m in started(monkeypatch, full, full))
    assert not any(isinstance(m, Broken) for m in started(monkeypatch, Choice("cpu")))
