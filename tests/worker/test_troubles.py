"""What fails is told once, left out, and tried again."""

from avatar_rtc.errors import SetupError
from avatar_rtc.worker.troubles import RETRY_S, Troubles


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
    troubles, part = Troubles(said.append), Part()
    assert troubles.attempt("it", 1, 0.0, part.make) == "made" and said == []
    part.error = RuntimeError("no memory")
    seen = [troubles.attempt("it", 1, t / 10, part.make) for t in range(10, 10 + int(RETRY_S * 20))]
    assert set(seen) == {None} and part.tries == 1 + 2
    assert said == ["it is left out: RuntimeError: no memory"]
    part.error = None
    assert troubles.attempt("it", 1, 11.0 + RETRY_S, part.make) == "made"
    assert said[1:] == [""]


def test_another_cause_is_tried_at_once() -> None:
    said: list[str] = []
    troubles, part = Troubles(said.append), Part()
    part.error = SetupError("install it")
    assert troubles.attempt("it", "a", 1.0, part.make) is None
    part.error = SetupError("install that")
    assert troubles.attempt("it", "b", 1.1, part.make) is None
    part.error = None
    assert troubles.attempt("it", "a", 1.2, part.make) == "made"
    assert said == ["it is left out: install it", "it is left out: install that", ""]


def test_two_that_fail_are_told_in_one_sentence_each() -> None:
    said: list[str] = []
    troubles, part = Troubles(said.append), Part()
    part.error = SetupError("x")
    troubles.attempt("the chain", 1, 1.0, part.make)
    troubles.attempt("the backdrop", 1, 1.0, part.make)
    assert said[-1] == "the backdrop is left out: x. the chain is left out: x"
    part.error = None
    troubles.attempt("the chain", 2, 1.1, part.make)
    assert said[-1] == "the backdrop is left out: x"
