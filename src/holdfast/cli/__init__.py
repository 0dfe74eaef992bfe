"""The command line. Every command takes `--json`: one object on standard output, progress and messages on standard error."""

from __future__ import annotations

from .main import main

__all__ = ["main"]
