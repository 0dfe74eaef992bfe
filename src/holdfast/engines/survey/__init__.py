"""Survey quality: vocabulary, declared checks, and what changed between two deliveries."""

from .settings import SETTINGS

__all__ = ["SETTINGS"]
