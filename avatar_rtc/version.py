"""Which version this is: in answers, in files, on the command line."""

__version__ = "0.1.0"
