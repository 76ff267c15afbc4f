from __future__ import annotations

from support.training import config, data, folders, tiny

__all__ = ["config", "data", "folders", "tiny"]
