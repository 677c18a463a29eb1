"""Liora's face: shapes and colours."""

from first_faces import LIORA as STYLE

__all__ = ["STYLE"]
