"""Finds images and their masks: two folders, matched by stem."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from landseg_core.data.areas import ImagePair
from landseg_core.data.lists import EXTENSIONS, read_list, shortened
from landseg_core.errors import DatasetError


@dataclass(frozen=True)
class PairedFolders:
    """The folder of the images and the folder of their masks; every method raises DatasetError where they are wrong."""

    images: Path
    masks: Path

    @cached_property
    def image_files(self) -> dict[str, Path]:
        """Return the images by stem."""
        return files_by_stem(self.images)

    @cached_property
    def mask_files(self) -> dict[str, Path]:
        """Return the masks by stem."""
        return files_by_stem(self.masks)

    @cached_property
    def pairs(self) -> dict[str, ImagePair]:
        """Return the images that have a mask, by stem, in order of their stems; at least one."""
        stems = [stem for stem in self.image_files if stem in self.mask_files]
        if not stems:
            raise DatasetError(
                f"no image in {self.images} has a mask in {self.masks}; a mask must have the name of its image, "
                f"such as {next(iter(self.image_files))}.png"
            )
        return {stem: ImagePair(stem, self.image_files[stem], self.mask_files[stem]) for stem in stems}

    def all(self) -> list[ImagePair]:
        """Return every image with its mask; an image without one is an error that names it."""
        lonely = [stem for stem in self.image_files if stem not in self.pairs]
        if lonely:
            raise DatasetError(
                f"{len(lonely)} of {len(self.image_files)} images in {self.images} have no mask in {self.masks}: "
                f"{shortened(lonely)}; add the masks, or name the images to use in list files"
            )
        return list(self.pairs.values())

    def listed(self, list_file: Path) -> list[ImagePair]:
        """Return the pairs that a list names; a missing image or mask is an error that names it."""
        names = read_list(list_file)
        for what, folder, files in (
            ("image", self.images, self.image_files),
            ("mask", self.masks, self.mask_files),
        ):
            missing = [name for name in names if name not in files]
            if missing:
                raise DatasetError(
                    f"{list_file} names {len(missing)} that have no {what} in {folder}: {shortened(missing)}; "
                    "add the files or correct the list"
                )
        return [self.pairs[name] for name in names]

    def not_listed(self, list_file: Path) -> list[ImagePair]:
        """Return the pairs that a list does not name; a list that names all is an error."""
        named = {pair.stem for pair in self.listed(list_file)}
        rest = [pair for stem, pair in self.pairs.items() if stem not in named]
        if not rest:
            raise DatasetError(
                f"{list_file} names every image of {self.images} that has a mask, so none is left to "
                "train or validate on; shorten it or give a second list"
            )
        return rest


def files_by_stem(folder: Path) -> dict[str, Path]:
    """Return the raster files of `folder` by stem, in order.

    Raises:
        DatasetError: the folder is missing, cannot be read or holds none, or two files share a stem.
    """
    files: dict[str, Path] = {}
    for path in _raster_files(folder):
        twin = files.setdefault(path.stem, path)
        if twin != path:
            raise DatasetError(f"{folder} holds both {twin.name} and {path.name}; keep one file of each name")
    if not files:
        raise DatasetError(f"{folder} holds no image; landseg looks for {', '.join(sorted(EXTENSIONS))}")
    return files


def _raster_files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in EXTENSIONS and path.is_file())
    except FileNotFoundError as error:
        raise DatasetError(f"the folder {folder} does not exist; check its name") from error
    except NotADirectoryError as error:
        raise DatasetError(f"{folder} is a file; give the folder that holds it") from error
    except OSError as error:
        raise DatasetError(f"the folder {folder} cannot be read: {error.strerror}; check its permissions") from error
