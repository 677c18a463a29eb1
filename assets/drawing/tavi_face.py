"""Tavi's face: shapes and colours."""

from first_faces import TAVI as STYLE

__all__ = ["STYLE"]
