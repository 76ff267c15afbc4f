"""The dialog that makes a prediction labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import SignalInstance
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QComboBox, QRadioButton, QVBoxLayout, QWidget

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.class_match import ClassMatch, listed
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.raster.files.as_opened import FilesAsOpened
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.percent import PercentSlider
from landseg_gui.form_settings import FormMemory
from landseg_gui.paths import is_there
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import percent, pixels, tr

VIEW, EVERYWHERE, POLYGON = "view", "everywhere", "polygon"
PLACES = {
    VIEW: "What is in &view",
    EVERYWHERE: "&Everywhere in the image",
    POLYGON: "In a &polygon that I draw",
}
"""Where a prediction is accepted, in words."""


@dataclass(frozen=True)
class Prediction:
    """A map that can become labels; `schema` None: its file tells the classes.

    Of one that is shown, `place` is where it lies in the image, None for all of it, and `as_opened` which file it is.
    """

    name: str
    mask: Path
    confidence: Path | None = None
    schema: ClassSchema | None = None
    place: PixelWindow | None = None
    as_opened: FilesAsOpened | None = None


@dataclass(frozen=True)
class MapClasses:
    """The classes of a map, None where nothing tells them, and how many px have each value 0-255, if counted."""

    schema: ClassSchema | None
    pixels: Sequence[int] | None = None

    def left_out(self, project: ClassSchema) -> dict[str, int | None]:
        """Return the classes, and values without one, that `project` has no counterpart for, with their px if known."""
        if self.schema is None:
            return {}
        match = ClassMatch(self.schema, project)
        if self.pixels is None:
            return dict.fromkeys(item.name for item in match.without_counterpart)
        names, table = {item.value: item.name for item in self.schema.classes}, match.table()
        counts = enumerate(self.pixels[:UNLABELLED])
        return {names.get(value, f"value {value}"): n for value, n in counts if n and table[value] == UNLABELLED}


class ClassReader(Protocol):
    """Finds out in the background what classes a map has; `answered` brings them as `MapClasses`."""

    answered: SignalInstance

    def ask(self, prediction: Prediction) -> None:
        """Begin to find out; what was asked before is not answered any more."""
        ...

    def cancel(self) -> None:
        """Forget what was asked."""
        ...


@dataclass(frozen=True)
class AcceptRequest:
    """What to accept of a prediction; `place` is a key of `PLACES`, `window` what is in view where that is chosen.

    `above` is the confidence from which on, 0 to 1.
    """

    prediction: Prediction
    place: str
    window: PixelWindow | None
    only_unlabelled: bool
    above: float


class AcceptDialog(FormDialog):
    """Asks which of `predictions` (one at least) becomes labels, and where; `request` is the answer.

    Classes of the prediction that `schema`, those of the project, does not have are named before anything is accepted.
    A `reader` is asked for them where the prediction does not tell its classes itself, and for their pixels.
    """

    def __init__(
        self,
        predictions: Sequence[Prediction],
        view: PixelWindow | None,
        memory: FormMemory,
        parent: QWidget | None = None,
        schema: ClassSchema | None = None,
        reader: ClassReader | None = None,
    ) -> None:
        super().__init__("accept", "Accept prediction", "Accept", parent)
        self._predictions = predictions
        self._view = view
        self._memory = memory
        self._schema, self._reader = schema, reader
        self._add_fields()
        self.complete()
        self._recall()
        self._connect()
        self._show_prediction()
        self._show_place()
        self.resize(520, self.sizeHint().height())

    # --- fields

    def _add_fields(self) -> None:
        self._prediction = QComboBox(objectName="accept_prediction")
        for prediction in self._predictions:
            self._prediction.addItem(prediction.name)
        self._only_unlabelled = QCheckBox(tr("Keep what is &labelled already"), objectName="accept_only_unlabelled")
        self._confidence = PercentSlider("accept_confidence", _confidence_text, _confidence_text(100))
        self._no_confidence = PlainLabel(
            tr("This prediction was made without its confidence."), objectName="accept_no_confidence", wordWrap=True
        )
        self._no_confidence.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        form = self.add_section(tr("What to accept"))
        tip = "The map whose classes become labels"
        self._left_out = PlainLabel(objectName="accept_left_out", wordWrap=True, visible=False)
        self._left_out.setForegroundRole(QPalette.ColorRole.BrightText)
        self.add_field(form, "accept_prediction", "P&rediction", self._prediction, tip).add_below(self._left_out)
        self.add_field(
            form, "accept_place", tr("Where"), self._place_editor(), tr("Where the prediction becomes labels")
        )
        tip = "Accept only where the prediction is at least this sure"
        self.add_field(form, "accept_confidence", "&Confidence", self._confidence, tip).add_below(self._no_confidence)
        self._only_unlabelled.setToolTip(
            tr("Otherwise the prediction replaces labels, but for those of locked classes")
        )
        form.addRow("", self._only_unlabelled)

    def _place_editor(self) -> QWidget:
        editor = QWidget()
        column = QVBoxLayout(editor)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._places = QButtonGroup(editor)
        self._buttons: dict[str, QRadioButton] = {}
        for place, text in PLACES.items():
            self._buttons[place] = QRadioButton(text, objectName=f"accept_{place}")
            self._places.addButton(self._buttons[place])
            column.addWidget(self._buttons[place])
        self._buttons[VIEW].setEnabled(self._view is not None)
        editor.setFocusProxy(self._buttons[VIEW])
        return editor

    def _recall(self) -> None:
        text = self._memory.text
        place = text("place", VIEW)
        known = place in PLACES and self._buttons[place].isEnabled()
        self._buttons[place if known else EVERYWHERE].setChecked(True)
        self._only_unlabelled.setChecked(text("only_unlabelled", "True") == "True")
        above = text("above", "0")
        self._confidence.percent = int(above) if above.isdecimal() and len(above) <= 3 else 0

    def _connect(self) -> None:
        self._prediction.currentIndexChanged.connect(self._show_prediction)
        self._places.buttonToggled.connect(self._show_place)
        if self._reader is not None:
            self._reader.answered.connect(self._show_left_out)

    def _chosen(self) -> Prediction:
        return self._predictions[self._prediction.currentIndex()]

    def _place(self) -> str:
        return next(place for place, button in self._buttons.items() if button.isChecked())

    def _show_prediction(self) -> None:
        has_confidence = self._chosen().confidence is not None
        self._confidence.setEnabled(has_confidence)
        self._no_confidence.setHidden(has_confidence)
        self._show_left_out(MapClasses(self._chosen().schema))
        if self._reader is not None and self._schema is not None:
            self._reader.ask(self._chosen())
        self.check()

    def _show_left_out(self, found: MapClasses) -> None:
        """Name the classes that the project does not have: their pixels do not become labels."""
        left_out = found.left_out(self._schema) if self._schema else {}
        whole = sum(found.pixels[:UNLABELLED]) if found.pixels else 0
        classes = listed(_with_share(name, count, whole) for name, count in left_out.items())
        self._left_out.setText(
            tr(
                "The project has no class {classes}: these pixels are left out. To keep them, add the classes first.",
                classes=classes,
            )
            if left_out
            else ""
        )
        self._left_out.setVisible(bool(left_out))

    def done(self, result: int) -> None:
        """Close; nothing is asked any more."""
        if self._reader is not None:
            self._reader.cancel()
        super().done(result)

    def _show_place(self) -> None:
        self.action_button.setText(tr("Draw the polygon") if self._place() == POLYGON else tr("Accept"))

    # --- what is checked

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of every field that has one."""
        mask = self._chosen().mask
        if is_there(mask.is_file):
            return {}
        return {
            "accept_prediction": FieldError(tr("{mask} is not there any more; predict the image again.", mask=mask))
        }

    # --- the answer

    def accept(self) -> None:
        """Close with the answer, and remember it."""
        if not self.action_button.isEnabled():
            return
        self._memory.keep(
            {
                "place": self._place(),
                "only_unlabelled": str(self._only_unlabelled.isChecked()),
                "above": str(self._confidence.percent),
            }
        )
        super().accept()

    def request(self) -> AcceptRequest:
        """Return the answer."""
        return AcceptRequest(
            prediction=self._chosen(),
            place=self._place(),
            window=self._view if self._place() == VIEW else None,
            only_unlabelled=self._only_unlabelled.isChecked(),
            above=self._confidence.percent / 100 if self._chosen().confidence else 0.0,
        )


def _with_share(name: str, count: int | None, whole: int) -> str:
    return f"{name} ({pixels(count)}, {percent(count / whole)})" if count else name


def _confidence_text(percent: int) -> str:
    return f"at least {percent} %" if percent else "any"
