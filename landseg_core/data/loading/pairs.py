"""Finds images and their masks: two folders, matched by stem."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from landseg_core.data.areas import ImagePair
from landseg_core.data.lists import EXTENSIONS, read_list, shortened
from landseg_core.errors import DatasetError
from landseg_core.messages import N_


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
                N_(
                    "no image in {images} has a mask in {masks}; a mask must have the name of its image, such as "
                    "{stem}.png",
                    images=self.images,
                    masks=self.masks,
                    stem=next(iter(self.image_files)),
                )
            )
        return {stem: ImagePair(stem, self.image_files[stem], self.mask_files[stem]) for stem in stems}

    def all(self) -> list[ImagePair]:
        """Return every image with its mask; an image without one is an error that names it."""
        unpaired = [stem for stem in self.image_files if stem not in self.pairs]
        if unpaired:
            raise DatasetError(
                N_(
                    "%n of {total} images in {images} have no mask in {masks}: {names}; add the masks, or name the "
                    "images to use in list files",
                    n=len(unpaired),
                    one="one of {total} images in {images} has no mask in {masks}: {names}; add the mask, or name the "
                    "images to use in list files",
                    total=len(self.image_files),
                    images=self.images,
                    masks=self.masks,
                    names=shortened(unpaired),
                )
            )
        return list(self.pairs.values())

    def listed(self, list_file: Path) -> list[ImagePair]:
        """Return the pairs that a list names; a missing image or mask is an error that names it."""
        names = read_list(list_file)
        if missing := [name for name in names if name not in self.image_files]:
            raise DatasetError(
                N_(
                    "{list} names %n images that are not in {folder}: {names}; add the files or correct the list",
                    n=len(missing),
                    one="{list} names an image that is not in {folder}: {names}; add the file or correct the list",
                    list=list_file,
                    folder=self.images,
                    names=shortened(missing),
                )
            )
        if missing := [name for name in names if name not in self.mask_files]:
            raise DatasetError(
                N_(
                    "{list} names %n images without a mask in {folder}: {names}; add the files or correct the list",
                    n=len(missing),
                    one="{list} names an image without a mask in {folder}: {names}; add the file or correct the list",
                    list=list_file,
                    folder=self.masks,
                    names=shortened(missing),
                )
            )
        return [self.pairs[name] for name in names]

    def not_listed(self, list_file: Path) -> list[ImagePair]:
        """Return the pairs that a list does not name; a list that names all is an error."""
        named = {pair.stem for pair in self.listed(list_file)}
        rest = [pair for stem, pair in self.pairs.items() if stem not in named]
        if not rest:
            raise DatasetError(
                N_(
                    "{list} names every image of {images} that has a mask, so none is left to train or validate on; "
                    "shorten it or give a second list",
                    list=list_file,
                    images=self.images,
                )
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
            raise DatasetError(
                N_(
                    "{folder} holds both {first} and {second}; keep one file of each name",
                    folder=folder,
                    first=twin.name,
                    second=path.name,
                )
            )
    if not files:
        raise DatasetError(
            N_(
                "{folder} holds no image; landseg looks for {extensions}",
                folder=folder,
                extensions=", ".join(sorted(EXTENSIONS)),
            )
        )
    return files


def _raster_files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in EXTENSIONS and path.is_file())
    except FileNotFoundError as error:
        raise DatasetError(N_("the folder {folder} does not exist; check its name", folder=folder)) from error
    except NotADirectoryError as error:
        raise DatasetError(N_("{folder} is a file; choose the folder that holds it", folder=folder)) from error
    except OSError as error:
        raise DatasetError(
            N_(
                "the folder {folder} cannot be read: {reason}; check its permissions",
                folder=folder,
                reason=error.strerror,
            )
        ) from error
