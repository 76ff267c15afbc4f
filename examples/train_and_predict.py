"""Trains on a folder of images and masks, predicts an array, and shows it where matplotlib is installed.

python examples/train_and_predict.py --images IMAGES --masks MASKS --classes landcover-ai --minutes 5
"""

from __future__ import annotations

import argparse
from pathlib import Path

import landseg_core as landseg
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.arrays import PredictionArray
from landseg_core.raster.source import RasterChunk

SIDE = 1024
"""The side of the part that is predicted, in px."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", required=True, help="folder of images")
    parser.add_argument("--masks", required=True, help="folder of masks of the same names")
    parser.add_argument("--classes", required=True, help="a class file or the name of a preset")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long to train")
    parser.add_argument("--out", type=Path, default=Path("example"), help="folder of the results")
    asked = parser.parse_args()

    run = landseg.train(asked.images, asked.masks, asked.classes, asked.out / "run", minutes=asked.minutes)
    print(run.evaluation)

    image = landseg.open_raster(
        min(path for path in Path(asked.images).iterdir() if path.suffix in (".tif", ".png", ".jpg"))
    )
    part = image.read_patch(PixelWindow(0, 0, min(SIDE, image.grid.width), min(SIDE, image.grid.height)))
    prediction = landseg.predict_array(run.model, part.pixels, ground_resolution=part.grid.ground_resolution())
    print(prediction)
    show(part, prediction, asked.out / "prediction.png")


def show(part: RasterChunk, prediction: PredictionArray, file: Path) -> None:
    """Save the image and its land cover side by side, where matplotlib is there."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        print("install matplotlib to see the prediction")
        return
    _, (left, right) = plt.subplots(1, 2, figsize=(12, 6))
    left.imshow(part.pixels[:3].transpose(1, 2, 0))
    right.imshow(prediction.classes, vmin=0, vmax=max(prediction.schema.values), interpolation="nearest")
    plt.savefig(file)
    print(file)


if __name__ == "__main__":
    main()
