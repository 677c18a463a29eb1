"""Signatures of C2PA in files, by c2pa-python, which is optional (extra `disclosure`)."""

import importlib.util
import io
import json
from typing import BinaryIO

from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.provenance.identity import Identity
from avatar_rtc.provenance.manifest import Source, manifest_of
from avatar_rtc.provenance.mp4_streams import media_boxes
from avatar_rtc.provenance.png_text import tiny_png

NO_C2PA = "it needs c2pa-python: pip install 'avatar-rtc[disclosure]'"
LARGE_BYTES = 32 * 2**20
"""From here on a film is hashed in pieces, where it can be."""
_SETTINGS: dict[str, dict[str, object]] = {
    # A thumbnail takes 270 ms and 130 kB of a picture that is there in full.
    "builder": {"thumbnail": {"enabled": False}},
    # Reading back what was just written takes as long again.
    "verify": {"verify_after_sign": False},
}
_ON_DISK: dict[str, object] = {"backing_store_memory_threshold_in_mb": 16}
_IN_PIECES: dict[str, object] = {**_ON_DISK, "merkle_tree_chunk_size_in_kb": 16 * 1024}
"""Of a film of 200 MB 23 MB are in memory so, in the place of 395. With more than one box of pictures, as in
fragments, c2pa-python 0.38 writes hashes that it then finds wrong: that takes up to 256 MiB."""


def c2pa_is_installed() -> bool:
    """Whether anything can be signed here."""
    return importlib.util.find_spec("c2pa") is not None


def sign(identity: Identity, mime: str, source: Source, original: BinaryIO, signed: BinaryIO) -> None:
    """Copy a file with a signature over all of its bytes. Blocking; for any thread; no network.

    Args:
        signed: opened for reading and writing, empty.

    Raises:
        SetupError: it cannot be signed, or c2pa-python is not installed; says why.
    """
    try:
        import c2pa
    except ImportError:
        raise SetupError(NO_C2PA) from None
    info = c2pa.C2paSignerInfo(
        alg=identity.algorithm.encode(), sign_cert=identity.chain, private_key=identity.key, ta_url=None
    )
    try:
        with (
            c2pa.Context(c2pa.Settings.from_dict(_settings_for(original))) as context,
            c2pa.Builder(manifest_of(source), context) as builder,
            c2pa.Signer.from_info(info) as signer,
        ):
            builder.sign(signer, mime, original, signed)
    except c2pa.C2paError as error:
        raise SetupError(f"cannot sign {mime}: {error}") from None


def _settings_for(original: BinaryIO) -> dict[str, dict[str, object]]:
    size = original.seek(0, io.SEEK_END)
    original.seek(0)
    if size < LARGE_BYTES:
        return _SETTINGS
    return {**_SETTINGS, "core": _IN_PIECES if media_boxes(original) == 1 else _ON_DISK}


def check_identity(identity: Identity) -> None:
    """Sign a tiny picture and read it back.

    Raises:
        InputError: readers of C2PA would not take what it signs; says why.
        SetupError: c2pa-python is not installed.
    """
    signed = io.BytesIO()
    try:
        sign(identity, "image/png", "computed", io.BytesIO(tiny_png()), signed)
    except SetupError as error:
        if not c2pa_is_installed():
            raise
        raise InputError(str(error)) from None
    import c2pa

    with c2pa.Reader("image/png", io.BytesIO(signed.getvalue())) as reader:
        if reader.get_validation_state() == "Invalid":
            raise InputError(f"readers of C2PA do not take its signature: {_fault(reader.json())}")


def _fault(report: str) -> str:
    told = json.loads(report).get("validation_status", [])
    return "; ".join(f"{each['code']} ({each.get('explanation', '')})" for each in told)
