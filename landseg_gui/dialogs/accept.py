"""The dialog that accepts a prediction as labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import SignalInstance
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QComboBox, QRadioButton, QVBoxLayout, QWidget

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.class_match import ClassMatch, class_list
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.messages import N_
from landseg_core.raster.files.as_opened import FilesAsOpened
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.percent import PercentSlider
from landseg_gui.form_settings import FormSettings
from landseg_gui.paths import is_there
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import percent, pixels, tr, translated

VIEW, EVERYWHERE, POLYGON = "view", "everywhere", "polygon"
AREAS = {
    VIEW: N_("Current &view"),
    EVERYWHERE: N_("&Entire image"),
    POLYGON: N_("&Polygon, to be drawn"),
}
"""The areas in which a prediction can be accepted, with their texts."""


@dataclass(frozen=True)
class Prediction:
    """A map that can be accepted as labels; `schema` None: the classes are read from its file.

    For a map that is shown, `window` is the part of the image that it covers, None for all of it, and `as_opened`
    identifies its file.
    """

    name: str
    mask: Path
    confidence: Path | None = None
    schema: ClassSchema | None = None
    window: PixelWindow | None = None
    as_opened: FilesAsOpened | None = None


@dataclass(frozen=True)
class MapClasses:
    """The classes of a map, None where they are not known, and the px of each value 0-255, if counted."""

    schema: ClassSchema | None
    pixels: Sequence[int] | None = None

    def left_out(self, project: ClassSchema) -> dict[str, int | None]:
        """Return the classes, and values without a class, that `project` does not have, with their px if known."""
        if self.schema is None:
            return {}
        match = ClassMatch(self.schema, project)
        if self.pixels is None:
            return dict.fromkeys(item.name for item in match.without_counterpart)
        names, table = {item.value: item.name for item in self.schema.classes}, match.table()
        counts = enumerate(self.pixels[:UNLABELLED])
        return {
            names.get(value, N_("value {value}", value=value)): n
            for value, n in counts
            if n and table[value] == UNLABELLED
        }


class ClassReader(Protocol):
    """Reads the classes of a map in the background; `answered` carries them as `MapClasses`."""

    answered: SignalInstance

    def ask(self, prediction: Prediction) -> None:
        """Start to read; an earlier question is no longer answered."""
        ...

    def cancel(self) -> None:
        """Cancel the question."""
        ...


@dataclass(frozen=True)
class AcceptRequest:
    """What to accept of a prediction; `area` is a key of `AREAS`, `window` the current view where that is chosen.

    `above` is the minimum confidence, 0 to 1.
    """

    prediction: Prediction
    area: str
    window: PixelWindow | None
    only_unlabelled: bool
    above: float


class AcceptDialog(FormDialog):
    """Asks which of `predictions` (one at least) to accept as labels, and in which area; `request` is the answer.

    Classes of the prediction that the project, with the classes `schema`, does not have are listed before anything is
    accepted. The `reader` reads them where they are not known, and counts their pixels.
    """

    def __init__(
        self,
        predictions: Sequence[Prediction],
        view: PixelWindow | None,
        saved: FormSettings,
        parent: QWidget | None = None,
        schema: ClassSchema | None = None,
        reader: ClassReader | None = None,
    ) -> None:
        super().__init__("accept", tr("Accept Prediction"), tr("Accept"), parent)
        self._predictions = predictions
        self._view = view
        self._saved = saved
        self._schema, self._reader = schema, reader
        self._add_fields()
        self.complete()
        self._recall()
        self._connect()
        self._show_prediction()
        self._show_area()
        self.resize(520, self.sizeHint().height())

    # --- fields

    def _add_fields(self) -> None:
        self._prediction = QComboBox(objectName="accept_prediction")
        for prediction in self._predictions:
            self._prediction.addItem(prediction.name)
        self._only_unlabelled = QCheckBox(tr("Don't overwrite existing &labels"), objectName="accept_only_unlabelled")
        self._confidence = PercentSlider("accept_confidence", _confidence_text, _confidence_text(100))
        self._no_confidence = PlainLabel(
            tr("This prediction has no confidence map."), objectName="accept_no_confidence", wordWrap=True
        )
        self._no_confidence.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        form = self.add_section(tr("Prediction and area"))
        tip = tr("The prediction to accept as labels")
        self._left_out = PlainLabel(objectName="accept_left_out", wordWrap=True, visible=False)
        self._left_out.setForegroundRole(QPalette.ColorRole.BrightText)
        self.add_field(form, "accept_prediction", tr("P&rediction"), self._prediction, tip).add_below(self._left_out)
        self.add_field(
            form, "accept_place", tr("Area"), self._area_editor(), tr("The area in which the prediction is accepted")
        )
        tip = tr("Accept only pixels with at least this confidence")
        self.add_field(form, "accept_confidence", tr("Minimum &confidence"), self._confidence, tip).add_below(
            self._no_confidence
        )
        self._only_unlabelled.setToolTip(tr("Otherwise the prediction replaces labels, except those of locked classes"))
        form.addRow("", self._only_unlabelled)

    def _area_editor(self) -> QWidget:
        editor = QWidget()
        column = QVBoxLayout(editor)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._areas = QButtonGroup(editor)
        self._buttons: dict[str, QRadioButton] = {}
        for area, text in AREAS.items():
            self._buttons[area] = QRadioButton(translated(text), objectName=f"accept_{area}")
            self._areas.addButton(self._buttons[area])
            column.addWidget(self._buttons[area])
        self._buttons[VIEW].setEnabled(self._view is not None)
        editor.setFocusProxy(self._buttons[VIEW])
        return editor

    def _recall(self) -> None:
        text = self._saved.text
        area = text("place", VIEW)
        known = area in AREAS and self._buttons[area].isEnabled()
        self._buttons[area if known else EVERYWHERE].setChecked(True)
        self._only_unlabelled.setChecked(text("only_unlabelled", "True") == "True")
        above = text("above", "0")
        self._confidence.percent = int(above) if above.isdecimal() and len(above) <= 3 else 0

    def _connect(self) -> None:
        self._prediction.currentIndexChanged.connect(self._show_prediction)
        self._areas.buttonToggled.connect(self._show_area)
        if self._reader is not None:
            self._reader.answered.connect(self._show_left_out)

    def _chosen(self) -> Prediction:
        return self._predictions[self._prediction.currentIndex()]

    def _area(self) -> str:
        return next(area for area, button in self._buttons.items() if button.isChecked())

    def _show_prediction(self) -> None:
        has_confidence = self._chosen().confidence is not None
        self._confidence.setEnabled(has_confidence)
        self._no_confidence.setHidden(has_confidence)
        self._show_left_out(MapClasses(self._chosen().schema))
        if self._reader is not None and self._schema is not None:
            self._reader.ask(self._chosen())
        self.check()

    def _show_left_out(self, found: MapClasses) -> None:
        """List the classes that the project does not have: their pixels are not accepted."""
        left_out = found.left_out(self._schema) if self._schema else {}
        whole = sum(found.pixels[:UNLABELLED]) if found.pixels else 0
        classes = class_list(_with_share(translated(name), count, whole) for name, count in left_out.items())
        text = tr(
            "The project does not have %n classes of the prediction: {classes}. Their pixels are left out; add these "
            "classes first to accept them.",
            n=len(left_out),
            one="The project does not have the class {classes}: its pixels are left out. Add this class first to "
            "accept them.",
            classes=classes,
        )
        self._left_out.setText(text if left_out else "")
        self._left_out.setVisible(bool(left_out))

    def done(self, result: int) -> None:
        """Close and cancel what is still being read."""
        if self._reader is not None:
            self._reader.cancel()
        super().done(result)

    def _show_area(self) -> None:
        self.action_button.setText(tr("Draw Polygon") if self._area() == POLYGON else tr("Accept"))

    # --- what is checked

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of every field that has one."""
        mask = self._chosen().mask
        if is_there(mask.is_file):
            return {}
        return {
            "accept_prediction": FieldError(tr("{path} does not exist any more; predict the image again.", path=mask))
        }

    # --- the answer

    def accept(self) -> None:
        """Close with the answer, and remember it."""
        if not self.action_button.isEnabled():
            return
        self._saved.save(
            {
                "place": self._area(),
                "only_unlabelled": str(self._only_unlabelled.isChecked()),
                "above": str(self._confidence.percent),
            }
        )
        super().accept()

    def request(self) -> AcceptRequest:
        """Return the answer."""
        return AcceptRequest(
            prediction=self._chosen(),
            area=self._area(),
            window=self._view if self._area() == VIEW else None,
            only_unlabelled=self._only_unlabelled.isChecked(),
            above=self._confidence.percent / 100 if self._chosen().confidence else 0.0,
        )


def _with_share(name: str, count: int | None, whole: int) -> str:
    return f"{name} ({pixels(count)}, {percent(count / whole)})" if count else name


def _confidence_text(minimum: int) -> str:
    return percent(minimum / 100, decimals=0) if minimum else tr("any")
