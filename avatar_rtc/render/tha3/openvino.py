"""THA3 networks run by OpenVINO on a CPU, and the compiled models kept between starts.

Only the networks: with the warps and blends in the graph too, OpenVINO was measured slower than PyTorch.
"""

import copy
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from avatar_rtc.files import sync
from avatar_rtc.render.tha3.networks import PARTS, Maps, Network, PartName
from avatar_rtc.render.tha3.norms import Norm, activated

if TYPE_CHECKING:
    import openvino

logger = logging.getLogger(__name__)


class ExactNorm(nn.Module):
    """Instance norm whose means are taken along rows, then along columns.

    OpenVINO's own adds a whole map up one by one: 20 times the error, which in the rotator's grid shows
    as 5e-3 at sharp edges. Equally fast.
    """

    def __init__(self, norm: Norm) -> None:
        super().__init__()
        self.weight, self.bias, self.eps, self.activation = norm.weight, norm.bias, norm.eps, norm.activation

    def forward(self, x: Tensor) -> Tensor:
        x = x - _mean(x)
        scale = torch.rsqrt(_mean(x * x) + self.eps) * self.weight[:, None, None]
        return activated(x * scale + self.bias[:, None, None], self.activation)


def _mean(x: Tensor) -> Tensor:
    return x.mean(-1, keepdim=True).mean(-2, keepdim=True)


def _with_exact_norms(network: Network) -> Network:
    """A copy for OpenVINO; the small maps in the middle keep the norm that it fuses."""
    twin = copy.deepcopy(network)
    for layers in (*twin.encoder.down, *twin.decoder.up):
        assert isinstance(layers, nn.Sequential)
        for index, layer in enumerate(layers):
            if isinstance(layer, Norm):
                layers[index] = ExactNorm(layer)
    return twin


class CompiledNetwork:
    """A network in OpenVINO, float32; a batch is run one by one, which two cores do not mind."""

    def __init__(self, model: "openvino.CompiledModel") -> None:
        self._request = model.create_infer_request()

    def __call__(self, pictures: Tensor, pose: Tensor) -> Tensor:
        """Maps (B, M, S, S); for B = 1 they are valid until the next call only."""
        if len(pose) == 1:
            return self._infer(pictures, pose)
        rows = zip(pictures.chunk(len(pose)), pose.chunk(len(pose)), strict=True)
        return torch.cat([self._infer(*row).clone() for row in rows])

    def _infer(self, pictures: Tensor, pose: Tensor) -> Tensor:
        inputs = {0: pictures.contiguous().numpy(), 1: pose.contiguous().numpy()}
        results = self._request.infer(inputs, share_inputs=True, share_outputs=True)
        return torch.from_numpy(results[0])


def compile_networks(networks: dict[PartName, Network], folder: Path) -> dict[PartName, Maps] | None:
    """Faster stand-ins for the networks that take a pose, or None where OpenVINO is not installed.

    Args:
        networks: float32, on the CPU.
        folder: of the weights; converted and compiled models are kept in a folder inside, so that only
            the first start converts (measured on two busy cores: 20 s, later starts 0.7 s).
    """
    try:
        openvino = _import_openvino()
    except ImportError:
        logger.warning("OpenVINO is not installed: THA3 runs about 3 times slower on this CPU")
        return None
    core = openvino.Core()
    models = folder / f"openvino-{openvino.__version__.split('-')[0]}"
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    posed = {name: network for name, network in networks.items() if PARTS[name].pose}
    found = {name: _model(models, name, network) for name, network in posed.items()}
    if os.access(models, os.W_OK):  # OpenVINO fails where it cannot write
        settings["CACHE_DIR"] = str(models / "compiled")
    return {name: CompiledNetwork(core.compile_model(each, "CPU", settings)) for name, each in found.items()}


def _model(models: Path, name: PartName, network: Network) -> Any:
    """The network as an OpenVINO model, from the folder of kept ones if it is there."""
    openvino = _import_openvino()
    kept = models / name
    if not (kept / "model.xml").is_file():
        part = PARTS[name]
        example = (torch.zeros(1, part.pictures, part.side, part.side), torch.zeros(1, part.pose))
        # Traced here without the check: `convert_model` alone traces with it, five times slower.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tracing is deprecated; OpenVINO converts exports slower
            traced = torch.jit.trace(  # type: ignore[no-untyped-call]
                _with_exact_norms(network), example, check_trace=False
            )
        model = openvino.convert_model(traced, input=[list(e.shape) for e in example])
        try:
            _keep(model, kept)
        except OSError as error:
            logger.warning("cannot keep the OpenVINO model in %s: %s", kept, error)
            return model
    return kept / "model.xml"


def _keep(model: Any, kept: Path) -> None:
    openvino = _import_openvino()
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as temporary:
        made = Path(temporary) / "model"
        made.mkdir()
        openvino.save_model(model, made / "model.xml", compress_to_fp16=False)
        sync(made)
        made.rename(kept)  # fails if another process was quicker: that one reads it already


def _import_openvino() -> Any:
    """The openvino module without its telemetry.

    That would call an analytics service from a forked process, which without a network hangs for minutes,
    outlives us and holds our pipes open: the server would not notice that a worker died.

    Raises:
        ImportError: OpenVINO is not installed.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # openvino then takes its stub
    import openvino

    return openvino
