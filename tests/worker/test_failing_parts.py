"""What fails is told once, left out, and tried again."""

from avatar_rtc.errors import SetupError
from avatar_rtc.worker.failing_parts import RETRY_PART_S, FailingParts


class Part:
    """Fails as long as it is told to; counts how often it is tried."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.tries = 0

    def make(self) -> str:
        self.tries += 1
        if self.error is not None:
            raise self.error
        return "made"


def test_the_same_cause_is_tried_again_after_a_while_and_told_once() -> None:
    said: list[str] = []
    failing, part = FailingParts(said.append), Part()
    assert failing.attempt("it", 1, 0.0, part.make) == "made" and said == []
    part.error = RuntimeError("no memory")
    seen = [failing.attempt("it", 1, t / 10, part.make) for t in range(10, 10 + int(RETRY_PART_S * 20))]
    assert set(seen) == {None} and part.tries == 1 + 2
    assert said == ["it is left out: RuntimeError: no memory"]
    part.error = None
    assert failing.attempt("it", 1, 11.0 + RETRY_PART_S, part.make) == "made"
    assert said[1:] == [""]


def test_another_cause_is_tried_at_once() -> None:
    said: list[str] = []
    failing, part = FailingParts(said.append), Part()
    part.error = SetupError("install it")
    assert failing.attempt("it", "a", 1.0, part.make) is None
    part.error = SetupError("install that")
    assert failing.attempt("it", "b", 1.1, part.make) is None
    part.error = None
    assert failing.attempt("it", "a", 1.2, part.make) == "made"
    assert said == ["it is left out: install it", "it is left out: install that", ""]


def test_two_that_fail_are_told_in_one_sentence_each() -> None:
    said: list[str] = []
    failing, part = FailingParts(said.append), Part()
    part.error = SetupError("x")
    failing.attempt("the chain", 1, 1.0, part.make)
    failing.attempt("the backdrop", 1, 1.0, part.make)
    assert said[-1] == "the backdrop is left out: x. the chain is left out: x"
    part.error = None
    failing.attempt("the chain", 2, 1.1, part.make)
    assert said[-1] == "the backdrop is left out: x"
