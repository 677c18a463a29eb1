"""Chains with a name: files `assets/presets/<name>.json`, {"title", "description", "chain"}."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from avatar_rtc.errors import AvatarRtcError, InputError
from avatar_rtc.filters_schema.chain import Operation, chain_json, check_chain
from avatar_rtc.resources import resource


@dataclass(frozen=True)
class Preset:
    """A chain with a name."""

    title: str
    description: str
    chain: tuple[Operation, ...]

    def json(self) -> dict[str, object]:
        """As it goes over the wire, every parameter written out."""
        return {"title": self.title, "description": self.description, "chain": chain_json(self.chain)}


def load_presets(folder: Path | None = None) -> Mapping[str, Preset]:
    """Name → preset, in alphabetical order; of the shipped ones if no folder is given.

    Raises:
        InputError: a file is no preset; says which and why.
    """
    folder = folder or resource("assets", "presets")
    return {file.stem: load_preset(file) for file in sorted(folder.glob("*.json"))}


def load_preset(file: Path) -> Preset:
    """The preset in a file; a bare chain is one, too, and so are settings that hold a chain.

    Raises:
        InputError: it cannot be read, or holds no chain that can be.
    """
    try:
        data = json.loads(file.read_text("utf-8"))
        if isinstance(data, list):
            data = {"chain": data}
        if isinstance(data, dict) and "postprocessor_chain" in data:
            data = {"chain": data["postprocessor_chain"]}
        if not isinstance(data, dict) or set(data) - {"title", "description", "chain"} or "chain" not in data:
            raise InputError('wanted is {"title": …, "description": …, "chain": [[name, {…}], …]}')
        title, description = data.get("title", file.stem), data.get("description", "")
        return Preset(str(title), str(description), check_chain(data["chain"]))
    except (OSError, ValueError, RecursionError, AvatarRtcError) as error:
        raise InputError(f"preset {file.name}: {error}") from None
