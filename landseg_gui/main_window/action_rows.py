"""The window's menus and toolbar as data."""

from __future__ import annotations

from dataclasses import dataclass

from landseg_core.messages import N_

MENUS = {
    "file": N_("&File"),
    "edit": N_("&Edit"),
    "view": N_("&View"),
    "label": N_("&Label"),
    "model": N_("&Model"),
    "settings": N_("&Settings"),
    "help": N_("&Help"),
}
"""The menu bar: key and title of each menu, from left to right."""

NEEDS_RASTER = "raster"
NEEDS_MASK = "mask"
NEEDS_OVERLAY = "overlay"
NEEDS_PROJECT = "project"
NEEDS_IMAGE = "image"
NEEDS_WRITABLE = "writable"
NEEDS_PREDICTION = "prediction"
NEEDS_SUGGESTION = "suggestion"
NEEDS_COMPARISON = "comparison"
NEEDS_SEVERAL = "several"
NEEDS_WRITABLE_PROJECT = "writable_project"
NEEDS_UNDO = "undo"
NEEDS_REDO = "redo"
"""What must be available for an action: an image, a mask over it, any overlay, a project, one of its images in the
window, one that may be painted, one that also has a prediction, one with a suggestion, labels and a mask to compare,
several images in the project, a project that may be written, a step to undo, one to redo."""


@dataclass(frozen=True)
class ActionRow:
    """One action. `name` is its object name; `handler` the method of `Commands` that it calls.

    `icon` names the icon, `short` is the toolbar's text, `needs` what must be available for the action to make sense.
    """

    name: str
    menu: str
    text: str
    handler: str
    icon: str
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
        N_("New Project"),
        N_("Create a project file to store labels"),
    ),
    ActionRow(
        "action_open",
        "file",
        N_("&Open…"),
        "open_files",
        "open",
        ("Ctrl+O",),
        N_("Open"),
        N_("Open a project, an image, or masks that belong to it"),
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
        N_("Overlay a mask on the image"),
        NEEDS_RASTER,
    ),
    ActionRow(
        "action_add_images",
        "file",
        N_("&Add Images…"),
        "add_images",
        "add_image",
        tip=N_("Add more images to the project"),
        needs=NEEDS_WRITABLE_PROJECT,
    ),
    ActionRow(
        "action_changed_files",
        "file",
        N_("Chan&ged Files…"),
        "show_changed_files",
        "warning",
        tip=N_("List images and maps that have changed outside the project"),
        needs=NEEDS_PROJECT,
    ),
    ActionRow(
        "action_save_copy",
        "file",
        N_("&Save a Copy…"),
        "save_copy",
        "save_copy",
        tip=N_("Save a copy of the project to another file; the project itself is saved automatically"),
        needs=NEEDS_PROJECT,
    ),
    ActionRow(
        "action_save_as",
        "file",
        N_("Sa&ve As…"),
        "save_as",
        "save_copy",
        ("Ctrl+Shift+S",),
        tip=N_("Save the whole project to another file and continue with that file"),
        needs=NEEDS_PROJECT,
    ),
    ActionRow(
        "action_restore",
        "file",
        N_("Res&tore…"),
        "restore",
        "undo",
        tip=N_("Restore the project from an automatic backup"),
    ),
    ActionRow("action_close_project", "file", N_("&Close Project"), "close_project", "close", needs=NEEDS_PROJECT),
    Separator("file"),
    ActionRow(
        "action_import_labels",
        "file",
        N_("&Import Labels…"),
        "import_labels",
        "import",
        tip=N_("Import labels from a mask or from polygons"),
        needs=NEEDS_WRITABLE,
    ),
    ActionRow(
        "action_export_labels",
        "file",
        N_("Export &Labels…"),
        "export_labels",
        "export",
        tip=N_("Export the labels as PNG, GeoTIFF or GeoPackage"),
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
        N_("Export a mask or a prediction as PNG or GeoTIFF"),
        NEEDS_MASK,
    ),
    Separator("file"),
    ActionRow("action_quit", "file", N_("&Quit"), "quit", "quit", ("Ctrl+Q",)),
    ActionRow(
        "action_undo",
        "edit",
        N_("&Undo"),
        "undo",
        "undo",
        ("Ctrl+Z",),
        N_("Undo"),
        N_("Undo the last edit"),
        NEEDS_UNDO,
    ),
    ActionRow(
        "action_redo",
        "edit",
        N_("&Redo"),
        "redo",
        "redo",
        ("Ctrl+Shift+Z", "Ctrl+Y"),
        N_("Redo"),
        N_("Redo the last undone edit"),
        NEEDS_REDO,
    ),
    ActionRow(
        "action_fit",
        "view",
        N_("Zoom to &Full Extent"),
        "fit",
        "fit",
        ("F",),
        N_("Fit"),
        N_("Show the whole image"),
        NEEDS_RASTER,
    ),
    ActionRow(
        "action_zoom_100",
        "view",
        N_("Zoom to &100 % (1:1)"),
        "zoom_100",
        "zoom_100",
        ("Ctrl+1",),
        N_("100 %"),
        N_("Show one image pixel on each screen pixel"),
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
        tip=N_("Show the image without labels and masks until the next press, or while the key is held"),
        needs=NEEDS_OVERLAY,
        checkable=True,
    ),
    ActionRow(
        "action_rendering",
        "view",
        N_("&Bands and Contrast…"),
        "choose_rendering",
        "contrast",
        tip=N_("Choose which bands are shown, and their contrast"),
        needs=NEEDS_RASTER,
    ),
    Separator("view"),
    ActionRow(
        "action_compare",
        "view",
        N_("Blin&k Labels and Prediction"),
        "compare",
        "compare",
        ("C",),
        N_("Blink Labels and Prediction"),
        N_("Show labels and prediction alternately"),
        NEEDS_COMPARISON,
        checkable=True,
    ),
    ActionRow(
        "action_differences",
        "view",
        N_("Show &Differences Only"),
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
        N_("Show &Training Blocks"),
        "show_training_blocks",
        "blocks",
        tip=N_("Show which blocks of the image are used for training, and which for validation"),
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
    SubMenu("menu_panels", "view", N_("&Panels")),
    ActionRow(
        "action_reset_layout",
        "view",
        N_("Reset La&yout"),
        "reset_layout",
        "panels",
        tip=N_("Restore the default layout of the panels"),
    ),
    SubMenu("menu_theme", "view", N_("Th&eme")),
    SubMenu("menu_tools", "label", N_("&Tools")),
    Separator("label"),
    ActionRow(
        "action_classes",
        "label",
        N_("Edit &Classes…"),
        "edit_classes",
        "classes",
        tip=N_("Add, rename, recolour, reorder and delete classes"),
        needs=NEEDS_WRITABLE_PROJECT,
    ),
    Separator("label"),
    ActionRow(
        "action_suggest",
        "label",
        N_("&Suggestion"),
        "suggest",
        "suggestion",
        ("V",),
        tip=N_("Show a class for everything in view, suggested from the model in use and the labels"),
        needs=NEEDS_RASTER,
        checkable=True,
    ),
    ActionRow(
        "action_suggest_when_asked",
        "label",
        N_("Suggest Only &When Asked"),
        "suggest_when_asked",
        "suggestion",
        ("Shift+U",),
        tip=N_("Make a new suggestion only when its key is pressed, not with every change"),
        needs=NEEDS_IMAGE,
        checkable=True,
    ),
    ActionRow(
        "action_accept_suggestion",
        "label",
        N_("Accept Su&ggestion in View…"),
        "accept_suggestion",
        "accept",
        ("Ctrl+Shift+Return",),
        tip=N_("Turn the suggestion for the view into labels, where it is sure enough"),
        needs=NEEDS_SUGGESTION,
    ),
    ActionRow(
        "action_label_queue",
        "label",
        N_("&Label Where It Helps Most"),
        "label_where_it_helps",
        "label_queue",
        ("N",),
        tip=N_("Show one area after another where a label helps most, and ask for its class"),
        needs=NEEDS_WRITABLE,
        checkable=True,
    ),
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
        N_("&Train…"),
        "train",
        "train",
        ("Ctrl+T",),
        N_("Train"),
        N_("Train a model on labels, or on images and their masks"),
    ),
    ActionRow(
        "action_runs",
        "model",
        N_("&Runs"),
        "show_runs",
        "runs",
        tip=N_("Compare training runs and choose the model to predict with"),
    ),
    ActionRow(
        "action_predict",
        "model",
        N_("&Predict…"),
        "predict",
        "predict",
        ("Ctrl+P",),
        N_("Predict"),
        N_("Predict the land cover of the image with a trained model"),
        NEEDS_RASTER,
    ),
    ActionRow(
        "action_keep_corrections",
        "model",
        N_("Keep &Corrections"),
        "keep_corrections",
        "accept",
        tip=N_("Correct the model with all labels of the project, and store the correction there for predictions"),
        needs=NEEDS_WRITABLE_PROJECT,
    ),
    Separator("model"),
    ActionRow(
        "action_export_model",
        "model",
        N_("&Export Model as ONNX…"),
        "export_model",
        "export",
        tip=N_("Export a model for QGIS with Deepness, or for other programs"),
    ),
    ActionRow(
        "action_assistant_model",
        "settings",
        N_("&Assistant Model…"),
        "choose_assistant_model",
        "tool_segment",
        tip=N_("Choose the model that outlines what is clicked on"),
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
