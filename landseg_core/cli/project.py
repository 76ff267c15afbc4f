"""`landseg project`: projects without a window."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landseg_core.cli.batch import end_of_batch
from landseg_core.cli.ending import ENDING
from landseg_core.cli.jobs import run_job
from landseg_core.cli.options import Alpha, Large, Maps, Overwrite, parse_mapping
from landseg_core.cli.output import say
from landseg_core.cli.project_corrections import correct, corrections
from landseg_core.cli.project_options import ImageName, KeepGrid, MoveLabels, ProjectFile, editable, require_one_way
from landseg_core.cli.project_regrid import regrid, relink
from landseg_core.tasks.batch import Batch

if TYPE_CHECKING:
    from landseg_core.events import JobControl, OnEvent
    from landseg_core.project.images import ImageEntry
    from landseg_core.project.project import Project

app = typer.Typer(help="Create, fill and check project files.", no_args_is_help=True)
app.command("regrid")(regrid)
app.command("relink")(relink)
app.command("correct")(correct)
app.command("corrections")(corrections)


class LabelForm(StrEnum):
    """What labels are exported as."""

    PNG = "png"
    TIF = "tif"
    GPKG = "gpkg"


@app.callback()
def _project() -> None:
    """Create, fill and check project files."""


@app.command("new")
def new(
    file: ProjectFile,
    classes: Annotated[str, typer.Option(metavar="PRESET|FILE", help="The classes to label with.")],
) -> None:
    """Create a project without images."""
    from landseg_core.labels.classes import load_classes
    from landseg_core.project.project import Project

    with ENDING.orderly(), Project.create(file, load_classes(classes)) as project:
        say(f"{file}: a new project with the classes {', '.join(project.schema.names)}")


@app.command("add-image")
def add_image(
    file: ProjectFile,
    rasters: Annotated[list[Path], typer.Argument(metavar="RASTER...")],
    alpha: Alpha = None,
) -> None:
    """Add images as one step; their files stay where they are.

    An image that cannot be added is reported, and the others are added.
    """
    from landseg_core.events import Notice
    from landseg_core.project.images import NewImage, open_image
    from landseg_core.raster.alpha import AUTO
    from landseg_core.raster.near_infrared import near_infrared_notice

    def work(on_event: OnEvent, control: JobControl) -> Batch:
        batch, found = Batch(on_event, single=len(rasters) == 1), list[NewImage]()

        def examine(raster: Path) -> None:
            control.checkpoint()
            found.append(project.examine_image(raster, alpha or AUTO, found))

        batch.done(rasters, examine)
        for image in project.add_images(found):
            say(f"{image.name}: {image.grid.width} x {image.grid.height} px")
            with open_image(image) as source:
                if notice := near_infrared_notice(source):
                    on_event(Notice(notice))
        return batch

    with editable(file) as project:
        batch = run_job(work)
    end_of_batch(batch.failed)


@app.command("info")
def info(file: ProjectFile, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show the classes, images, labels and history of a project."""
    from landseg_core.project.project import Project

    with Project.open(file, read_only=True) as project:
        facts = describe(project)
        for notice in project.notices:
            say(f"note: {notice}", err=True)
    say(*([json.dumps(facts)] if as_json else _lines(facts)))


@app.command("check")
def check(file: ProjectFile) -> None:
    """Verify a project: the file's structure, every tile and step, every path, and whether images have changed."""
    from landseg_core.project.check import check_project, notes_on

    problems = check_project(file)
    for problem in problems:
        say(f"landseg: {problem}", err=True)
    if problems:
        raise typer.Exit(1)
    for sentence in notes_on(file):
        say(f"note: {sentence}", err=True)
    say(f"{file}: fine")


@app.command("import")
def import_(
    file: ProjectFile,
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A mask, or a file of polygons.")],
    image: ImageName,
    maps: Maps = None,
    attribute: Annotated[
        str | None, typer.Option(metavar="FIELD", help="The attribute of the polygons that holds the class.")
    ] = None,
    large: Large = False,
) -> None:
    """Label an image with a mask or with polygons, as one step that can be undone."""
    mapping = parse_mapping(maps or [])
    from landseg_core.formats.importers import import_labels

    with editable(file) as project:
        entry = project.image(image)
        changed = run_job(
            lambda on_event, control: import_labels(
                project, entry.id, source, mapping, attribute, on_event=on_event, control=control, large=large
            )
        )
        say(f"{source}: {changed} px of {entry.name} changed; labelled now: {_class_list(project, entry)}")


@app.command("export")
def export(
    file: ProjectFile,
    image: ImageName,
    form: Annotated[
        LabelForm, typer.Option("--format", help="Class values with a palette, a GeoTIFF of them, or polygons.")
    ],
    out: Annotated[Path, typer.Option(metavar="PATH", help="The file to write.")],
    overwrite: Overwrite = False,
    keep_grid: KeepGrid = False,
    move_labels: MoveLabels = False,
    large: Large = False,
) -> None:
    """Write the labels of an image to a file.

    If the image's file has another grid by now, --keep-grid or --move-labels says which grid the labels take; the
    project is not changed.
    """
    require_one_way(keep_grid=keep_grid, move_labels=move_labels)
    from landseg_core.formats.exporters import GridChoice, export_labels
    from landseg_core.project.project import Project

    grid: GridChoice | None = "project" if keep_grid else "file" if move_labels else None
    with Project.open(file, read_only=True) as project:
        entry = project.image(image)
        run_job(
            lambda on_event, control: export_labels(
                project,
                entry.id,
                form.value,
                out,
                overwrite,
                on_event=on_event,
                control=control,
                grid=grid,
                large=large,
            )
        )
    say(str(out))


def describe(project: Project) -> dict[str, Any]:
    """Return what `landseg project info --json` prints, ready for JSON.

    `version` is that of the file's format, `bytes` its size; `crs` is WKT or null; `ground_resolution_m` is null
    without a georeference; the `steps` of the history up to `undo_position` are applied.
    """
    from landseg_core.project.storage.schema import VERSION

    return {
        "path": str(project.path),
        "version": VERSION,
        "classes": [item.model_dump() for item in project.schema.classes],
        "images": [_describe_image(project, image) for image in project.images],
        "steps": len(project.history.steps),
        "undo_position": project.history.position,
        "runs": len(project.runs),
        "predictions": sum(len(project.predictions(image.id)) for image in project.images),
        "bytes": project.path.stat().st_size,
    }


def _describe_image(project: Project, image: ImageEntry) -> dict[str, Any]:
    grid, pixels = image.grid, _labelled(project, image)
    return {
        "name": image.name,
        "path": str(image.path),
        "width": grid.width,
        "height": grid.height,
        "crs": grid.crs.to_wkt() if grid.crs else None,
        "ground_resolution_m": grid.ground_resolution(),
        "missing": image.missing,
        "alpha": image.alpha,
        "labelled_px": sum(pixels.values()),
        "classes": pixels,
    }


def _labelled(project: Project, image: ImageEntry) -> dict[str, int]:
    """Return how many px of the image each class has, by its name."""
    pixels = project.class_pixels(image.id)
    return {item.name: pixels.get(item.value, 0) for item in project.schema.classes}


def _class_list(project: Project, image: ImageEntry) -> str:
    """Write the classes of an image's labels, those without any left out."""
    return ", ".join(f"{name} {count} px" for name, count in _labelled(project, image).items() if count) or "nothing"


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    """Yield `facts` as lines of text."""
    yield f"{'path':12} {facts['path']}"
    classes = ", ".join(f"{item['value']} {item['name']}" for item in facts["classes"])
    yield f"{'classes':12} {classes}"
    yield f"{'history':12} {facts['undo_position']} of {facts['steps']} steps done"
    yield f"{'runs':12} {facts['runs']}"
    yield f"{'predictions':12} {facts['predictions']}"
    yield f"{'size':12} {facts['bytes']} bytes"
    for image in facts["images"]:
        yield f"{image['name']}: {image['width']} x {image['height']} px, {image['path']}{_missing(image)}"
        yield from (f"    {name:20} {count} px" for name, count in image["classes"].items() if count)


def _missing(image: dict[str, Any]) -> str:
    return " (missing)" if image["missing"] else ""
