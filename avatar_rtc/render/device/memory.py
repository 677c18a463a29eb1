"""Memory that ran out, on a card or on the host: how that shows, and the sentence for it."""

from threading import Lock

import torch

CAPTURING = Lock()
"""Held while a graph is captured: whatever waits for a whole device meanwhile fails, and breaks it off."""
_ON_HOST = "DefaultCPUAllocator"
"""In the words of torch, which raises a plain RuntimeError when the host has no memory."""
_ON_CARD = (
    "CUDA out of memory",
    "CUDA error: out of memory",
    "MPS backend out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "DEVICE_ALLOCATION_FAILED",  # cuDNN 9
    "unable to find an engine to execute this computation",  # no way to convolve had room to work in
)
"""Libraries raise what they like."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this says that there was no memory for something, and nothing worse."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in (_ON_HOST, *_ON_CARD))


def no_memory_for(what: str, error: BaseException) -> str:
    """A sentence for users: what there was no memory for, where, and what helps.

    >>> no_memory_for("a picture", MemoryError()).partition("; ")[0]
    'this machine has no memory for a picture'
    """
    return (
        f"{what_is_full(error)} has no memory for {what}; close avatars, or shorten chains: "
        "those that enlarge a picture take most"
    )


def what_is_full(error: BaseException) -> str:
    """Whose memory ran out."""
    return "this machine" if isinstance(error, MemoryError) or _ON_HOST in str(error) else "the card"


def give_back_cached(device: str) -> None:
    """Let others have what torch keeps of a device's memory for later; waits until what uses it is done."""
    kind = torch.device(device).type
    if kind == "cuda":
        with CAPTURING:
            torch.cuda.empty_cache()
    elif kind == "mps":
        torch.mps.empty_cache()
