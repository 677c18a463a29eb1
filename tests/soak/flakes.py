"""Run the suite again and again on a busy machine, and tell which tests do not pass every time.

`make flakes RUNS=10 LOAD=4`. LOAD is the number of processes that only burn processor time meanwhile. Each
run is the one of `make test`, without coverage. Exit code 1 if any test failed in any run.
"""

import argparse
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

OUT = Path("out")
PHASES = {
    "parallel": ("-n", "auto", "--dist", "loadfile", "-m", "not soak and not realtime and not browser"),
    "alone": ("-m", "not soak and (realtime or browser)"),
}
"""As in the Makefile."""


@contextmanager
def burning() -> Iterator[None]:
    """A process that is always busy."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def failures(report: Path) -> list[str]:
    """The tests that failed or broke, of a JUnit report."""
    cases = ET.parse(report).iter("testcase")
    return [
        f"{case.get('classname')}::{case.get('name')}"
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    ]


def run(number: int) -> list[str]:
    """One run of the suite; the tests that did not pass, or the phase that gave no report."""
    found = []
    for phase, options in PHASES.items():
        report = OUT / f"flakes-{number}-{phase}.xml"
        report.unlink(missing_ok=True)
        subprocess.run([sys.executable, "-m", "pytest", *options, "--junitxml", str(report)], check=False)
        found += failures(report) if report.is_file() else [f"the {phase} tests gave no report"]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--load", type=int, default=4)
    args = parser.parse_args()
    flakes: Counter[str] = Counter()
    with ExitStack() as stack:
        for _ in range(args.load):
            stack.enter_context(burning())
        for number in range(1, args.runs + 1):
            flakes.update(run(number))
            print(f"run {number} of {args.runs}: {flakes.total()} failures so far", flush=True)
    for name, times in flakes.most_common():
        print(f"failed in {times} of {args.runs}: {name}")
    return 1 if flakes else 0


if __name__ == "__main__":
    sys.exit(main())
