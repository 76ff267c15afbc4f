"""The window's menus and toolbar as data."""

from __future__ import annotations

from dataclasses import dataclass

from landseg_core.messages import N_

MENUS = {
    "file": "&File",
    "edit": "&Edit",
    "view": "&View",
    "label": "&Label",
    "model": "&Model",
    "help": "&Help",
}
"""The menu bar: key and title of each menu, from left to right."""

NEEDS_RASTER = "raster"
NEEDS_MASK = "mask"
NEEDS_OVERLAY = "overlay"
NEEDS_PROJECT = "project"
NEEDS_IMAGE = "image"
NEEDS_WRITABLE = "writable"
NEEDS_PREDICTION = "prediction"
NEEDS_COMPARISON = "comparison"
NEEDS_SEVERAL = "several"
NEEDS_WRITABLE_PROJECT = "writable_project"
NEEDS_UNDO = "undo"
NEEDS_REDO = "redo"
"""What must be at hand for an action: a picture, a mask over it, anything over it, a project, one of its images in
sight, one that may be painted, one that has a prediction besides, labels and a mask to compare, several images in the
project, a project that may be written, a step to take back, one to do again."""


@dataclass(frozen=True)
class ActionRow:
    """One action. `name` is its object name; `handler` the method of `Commands` that it calls.

    `picture` names the icon, `short` is the toolbar's text, `needs` tells what must be at hand for the action to make
    sense.
    """

    name: str
    menu: str
    text: str
    handler: str
    picture: str
    shortcuts: tuple[str, ...] = ()
    short: str = ""
    tip: str = ""
    needs: str = ""
    checkable: bool = False


@dataclass(frozen=True)
class Separator:
    """A line in a menu."""

    menu: str


@dataclass(frozen=True)
class SubMenu:
    """A menu inside a menu, which the window fills."""

    name: str
    menu: str
    text: str


ROWS: tuple[ActionRow | Separator | SubMenu, ...] = (
    ActionRow(
        "action_new_project",
        "file",
        N_("&New Project…"),
        "new_project",
        "new_project",
        ("Ctrl+N",),
        N_("New project"),
        N_("Make a project file, in which labels live"),
    ),
    ActionRow(
        "action_open",
        "file",
        "&Open…",
        "open_files",
        "open",
        ("Ctrl+O",),
        N_("Open"),
        N_("Open a project, an orthophoto, or masks that belong to it"),
    ),
    SubMenu("menu_recent", "file", N_("Open &Recent")),
    ActionRow(
        "action_open_mask",
        "file",
        N_("Open &Mask…"),
        "open_mask",
        "mask",
        ("Ctrl+M",),
        N_("Mask"),
        N_("Lay a mask over the orthophoto"),
        NEEDS_RASTER,
    ),
    ActionRow(
        "action_add_images",
        "file",
        N_("&Add Images…"),
        "add_images",
        "add_image",
        tip=N_("Add further images to the project"),
        needs=NEEDS_WRITABLE_PROJECT,
    ),
    ActionRow(
        "action_changed_files",
        "file",
        N_("Chan&ged Files…"),
        "show_changed_files",
        "warning",
        tip=N_("List the images and maps that have changed outside the project"),
        needs=NEEDS_PROJECT,
    ),
    ActionRow(
        "action_save_copy",
        "file",
        N_("&Save a Copy…"),
        "save_copy",
        "save_copy",
        tip=N_("Write the whole project to another file; the project itself is always saved"),
        needs=NEEDS_PROJECT,
    ),
    ActionRow(
        "action_save_as",
        "file",
        N_("Sa&ve As…"),
        "save_as",
        "save_copy",
        ("Ctrl+Shift+S",),
        tip=N_("Write the whole project to another file, and go on in that"),
        needs=NEEDS_PROJECT,
    ),
    ActionRow(
        "action_restore",
        "file",
        N_("Res&tore…"),
        "restore",
        "undo",
        tip=N_("Go back to one of the backups that landseg makes of its own accord"),
    ),
    ActionRow("action_close_project", "file", N_("&Close Project"), "close_project", "close", needs=NEEDS_PROJECT),
    Separator("file"),
    ActionRow(
        "action_import_labels",
        "file",
        N_("&Import Labels…"),
        "import_labels",
        "import",
        tip=N_("Take labels from a mask or from polygons"),
        needs=NEEDS_WRITABLE,
    ),
    ActionRow(
        "action_export_labels",
        "file",
        N_("Export &Labels…"),
        "export_labels",
        "export",
        tip=N_("Write the labels as PNG, GeoTIFF or GeoPackage"),
        needs=NEEDS_IMAGE,
    ),
    ActionRow(
        "action_export",
        "file",
        N_("&Export Map…"),
        "export",
        "export",
        ("Ctrl+E",),
        N_("Export"),
        N_("Write a mask as PNG or GeoTIFF"),
        NEEDS_MASK,
    ),
    Separator("file"),
    ActionRow("action_quit", "file", "&Quit", "quit", "quit", ("Ctrl+Q",)),
    ActionRow(
        "action_undo",
        "edit",
        "&Undo",
        "undo",
        "undo",
        ("Ctrl+Z",),
        N_("Undo"),
        N_("Take the last step back"),
        NEEDS_UNDO,
    ),
    ActionRow(
        "action_redo",
        "edit",
        "&Redo",
        "redo",
        "redo",
        ("Ctrl+Shift+Z", "Ctrl+Y"),
        N_("Redo"),
        N_("Do again what was taken back"),
        NEEDS_REDO,
    ),
    ActionRow(
        "action_fit",
        "view",
        N_("&Fit Whole Picture"),
        "fit",
        "fit",
        ("F",),
        N_("Fit"),
        N_("Show the whole picture"),
        NEEDS_RASTER,
    ),
    ActionRow(
        "action_zoom_100",
        "view",
        N_("&Actual Pixels"),
        "zoom_100",
        "zoom_100",
        ("Ctrl+1",),
        N_("100 %"),
        N_("One pixel of the picture on one pixel of the screen"),
        NEEDS_RASTER,
    ),
    ActionRow(
        "action_zoom_in",
        "view",
        N_("Zoom &In"),
        "zoom_in",
        "zoom_in",
        ("+", "=", "Ctrl++", "Ctrl+="),
        needs=NEEDS_RASTER,
    ),
    ActionRow("action_zoom_out", "view", N_("Zoom &Out"), "zoom_out", "zoom_out", ("-", "Ctrl+-"), needs=NEEDS_RASTER),
    Separator("view"),
    ActionRow(
        "action_hide_overlays",
        "view",
        N_("&Hide Overlays"),
        "hide_overlays",
        "eye_off",
        ("Tab",),
        tip=N_("Show the image without labels and masks: until the next press, or for as long as the key is held"),
        needs=NEEDS_OVERLAY,
        checkable=True,
    ),
    ActionRow(
        "action_rendering",
        "view",
        N_("&Bands and Contrast…"),
        "choose_rendering",
        "contrast",
        tip=N_("Choose which bands are shown, and how bright"),
        needs=NEEDS_RASTER,
    ),
    Separator("view"),
    ActionRow(
        "action_compare",
        "view",
        N_("Flash &Labels and Prediction"),
        "compare",
        "compare",
        ("C",),
        N_("Compare"),
        N_("Show labels and prediction in turn"),
        NEEDS_COMPARISON,
        checkable=True,
    ),
    ActionRow(
        "action_differences",
        "view",
        N_("Only &Differences"),
        "show_differences",
        "differences",
        ("D",),
        tip=N_("Show the prediction only where it differs from the labels"),
        needs=NEEDS_COMPARISON,
        checkable=True,
    ),
    ActionRow(
        "action_training_blocks",
        "view",
        N_("Training Bloc&ks"),
        "show_training_blocks",
        "blocks",
        tip=N_("Show which blocks of the image a run trains on, and which it validates on"),
        needs=NEEDS_IMAGE,
        checkable=True,
    ),
    Separator("view"),
    ActionRow("action_next_image", "view", N_("&Next Image"), "next_image", "next", ("PgDown",), needs=NEEDS_SEVERAL),
    ActionRow(
        "action_previous_image",
        "view",
        N_("P&revious Image"),
        "previous_image",
        "previous",
        ("PgUp",),
        needs=NEEDS_SEVERAL,
    ),
    Separator("view"),
    SubMenu("menu_panels", "view", "&Panels"),
    ActionRow(
        "action_reset_layout",
        "view",
        N_("Reset La&yout"),
        "reset_layout",
        "panels",
        tip=N_("Put all panels back where they are at first"),
    ),
    SubMenu("menu_theme", "view", "&Theme"),
    SubMenu("menu_tools", "label", "&Tools"),
    Separator("label"),
    ActionRow(
        "action_classes",
        "label",
        "&Classes…",
        "edit_classes",
        "classes",
        tip=N_("Add, rename, recolour, reorder and delete classes"),
        needs=NEEDS_WRITABLE_PROJECT,
    ),
    Separator("label"),
    ActionRow(
        "action_accept",
        "label",
        N_("&Accept Prediction…"),
        "accept_prediction",
        "accept",
        ("Ctrl+Return",),
        N_("Accept"),
        N_("Turn a prediction into labels"),
        NEEDS_PREDICTION,
    ),
    ActionRow(
        "action_train",
        "model",
        "&Train…",
        "train",
        "train",
        ("Ctrl+T",),
        N_("Train"),
        N_("Train a model and watch it learn"),
    ),
    ActionRow(
        "action_runs",
        "model",
        "&Runs",
        "show_runs",
        "runs",
        tip=N_("Compare training runs, choose the model to predict with"),
    ),
    ActionRow(
        "action_predict",
        "model",
        "&Predict…",
        "predict",
        "predict",
        ("Ctrl+P",),
        N_("Predict"),
        N_("Map the picture with a trained model"),
        NEEDS_RASTER,
    ),
    Separator("model"),
    ActionRow(
        "action_export_model",
        "model",
        N_("&Export Model as ONNX…"),
        "export_model",
        "export",
        tip=N_("Write a model for QGIS with Deepness, or for other programs"),
    ),
    ActionRow("action_open_log_folder", "help", N_("Open &Log Folder"), "open_log_folder", "log"),
    Separator("help"),
    ActionRow("action_about", "help", N_("&About landseg"), "about", "info"),
)

TOOLBAR = (
    ("action_open", "action_new_project"),
    ("action_undo", "action_redo"),
    ("action_fit", "action_zoom_100"),
    ("action_train", "action_predict", "action_accept", "action_compare", "action_export"),
)
"""The toolbar's actions, in groups."""
