"""Live anime avatars over WebRTC: one PNG in, a talking, emoting, transparent character out."""

__version__ = "0.1.0"
