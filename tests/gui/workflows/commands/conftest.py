from __future__ import annotations

from support.open_project import empty, images, make_image, opened, project_path

__all__ = ["empty", "images", "make_image", "opened", "project_path"]
