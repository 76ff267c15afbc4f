"""The dialog that accepts a prediction as labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import SignalInstance
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QComboBox, QRadioButton, QVBoxLayout, QWidget

from landseg_core.assistant.suggested_map import AcceptableCounts
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.class_match import ClassMatch, class_list
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.messages import N_
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.percent import PercentSlider
from landseg_gui.form_settings import FormSettings
from landseg_gui.plain_text import PlainLabel
from landseg_gui.session.acceptable import EVERYWHERE, POLYGON, VIEW, Acceptable, Prediction
from landseg_gui.text import percent, pixels, tr, translated

AREAS = {
    VIEW: N_("Current &view"),
    EVERYWHERE: N_("&Entire image"),
    POLYGON: N_("&Polygon, to be drawn"),
}
"""The areas in which a prediction can be accepted, with their texts."""


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


class Reader(Protocol):
    """Finds out in the background what the dialog says of a source; `answered` carries the answer."""

    answered: SignalInstance

    def ask(self, source: Acceptable) -> None:
        """Start to read; an earlier question is no longer answered."""
        ...

    def cancel(self) -> None:
        """Cancel the question."""
        ...


@dataclass(frozen=True)
class AcceptRequest:
    """What to accept of a source; `area` is a key of `AREAS`, `window` the current view where that is chosen.

    `above` is the minimum confidence, 0 to 1.
    """

    source: Acceptable
    area: str
    window: PixelWindow | None
    only_unlabelled: bool
    above: float


SURE_PERCENT = 80
"""The minimum confidence of a suggestion, until the user chooses another: where it is less sure, it is often wrong."""


class AcceptDialog(FormDialog):
    """Asks which of `sources` to accept as labels, and in which area; `request` is the answer.

    The sources are predictions, one at least, or a suggestion alone. Classes of a prediction that the project, with
    the classes `schema`, does not have are listed before anything is accepted: the `reader` answers with `MapClasses`.
    Of a suggestion, which covers no more than the view, it says how much would be labelled: the `reader` answers with
    `AcceptableCounts`.
    """

    def __init__(
        self,
        sources: Sequence[Acceptable],
        view: PixelWindow | None,
        saved: FormSettings,
        parent: QWidget | None = None,
        schema: ClassSchema | None = None,
        reader: Reader | None = None,
    ) -> None:
        self._is_prediction = isinstance(sources[0], Prediction)
        title = tr("Accept Prediction") if self._is_prediction else tr("Accept Suggestion")
        super().__init__("accept", title, tr("Accept"), parent)
        self._sources = sources
        self._view = view
        self._saved = saved
        self._counts: AcceptableCounts | None = None
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
        for source in self._sources:
            self._prediction.addItem(source.name)
        self._only_unlabelled = QCheckBox(tr("Don't overwrite existing &labels"), objectName="accept_only_unlabelled")
        self._confidence = PercentSlider("accept_confidence", _confidence_text, _confidence_text(100))
        self._no_confidence = PlainLabel(
            tr("This prediction has no confidence map."), objectName="accept_no_confidence", wordWrap=True
        )
        self._no_confidence.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        form = self.add_section(tr("Prediction and area") if self._is_prediction else tr("Area and confidence"))
        tip = tr("The prediction to accept as labels")
        self._left_out = PlainLabel(objectName="accept_left_out", wordWrap=True, visible=False)
        self._left_out.setForegroundRole(QPalette.ColorRole.BrightText)
        chosen = self.add_field(form, "accept_prediction", tr("P&rediction"), self._prediction, tip)
        chosen.add_below(self._left_out)
        form.setRowVisible(chosen, self._is_prediction)
        self.add_field(form, "accept_place", tr("Area"), self._area_editor(), tr("The area in which labels are made"))
        tip = tr("Accept only pixels with at least this confidence")
        confidence = self.add_field(form, "accept_confidence", tr("Minimum &confidence"), self._confidence, tip)
        confidence.add_below(self._no_confidence)
        self._only_unlabelled.setToolTip(tr("Otherwise labels are replaced, except those of locked classes"))
        form.addRow("", self._only_unlabelled)
        self._amount = PlainLabel(objectName="accept_amount", wordWrap=True, visible=not self._is_prediction)
        self._amount.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        form.addRow("", self._amount)
        form.setRowVisible(self._amount, not self._is_prediction)

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
        self._buttons[EVERYWHERE].setVisible(self._is_prediction)
        editor.setFocusProxy(self._buttons[VIEW])
        return editor

    def _recall(self) -> None:
        text = self._saved.text
        area = text("place", VIEW)
        offered = [name for name, button in self._buttons.items() if button.isEnabled() and not button.isHidden()]
        otherwise = EVERYWHERE if self._is_prediction else offered[0]
        self._buttons[area if area in offered else otherwise].setChecked(True)
        self._only_unlabelled.setChecked(text("only_unlabelled", "True") == "True")
        usual = 0 if self._is_prediction else SURE_PERCENT
        above = text("above", str(usual))
        self._confidence.percent = int(above) if above.isdecimal() and len(above) <= 3 else usual

    def _connect(self) -> None:
        self._prediction.currentIndexChanged.connect(self._show_prediction)
        self._areas.buttonToggled.connect(self._show_area)
        self._confidence.changed.connect(self._show_amount)
        self._only_unlabelled.toggled.connect(self._show_amount)
        if self._reader is not None:
            self._reader.answered.connect(self._show_answer)

    def _chosen(self) -> Acceptable:
        return self._sources[self._prediction.currentIndex()]

    def _area(self) -> str:
        return next(area for area, button in self._buttons.items() if button.isChecked())

    def _show_prediction(self) -> None:
        chosen = self._chosen()
        self._confidence.setEnabled(chosen.has_confidence)
        self._no_confidence.setHidden(chosen.has_confidence)
        self._show_answer(MapClasses(chosen.schema))
        if self._reader is not None and self._schema is not None:
            self._reader.ask(chosen)
        self.check()

    def _show_answer(self, found: MapClasses | AcceptableCounts) -> None:
        if isinstance(found, AcceptableCounts):
            self._counts = found
            self._show_amount()
        else:
            self._show_left_out(found)

    def _show_amount(self) -> None:
        """Say how much of the view a suggestion would label."""
        counts = self._counts
        if counts is None or self._area() != VIEW:
            self._amount.setText("")
            return
        only_unlabelled = self._only_unlabelled.isChecked()
        count = counts.above(self._confidence.percent, only_unlabelled=only_unlabelled)
        share = percent(count / counts.total)
        self._amount.setText(tr("{area} would be labelled, {share} of the view.", area=pixels(count), share=share))

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
        self._show_amount()

    # --- what is checked

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of every field that has one."""
        problem = self._chosen().problem()
        return {"accept_prediction": FieldError(problem)} if problem else {}

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
            source=self._chosen(),
            area=self._area(),
            window=self._view if self._area() == VIEW else None,
            only_unlabelled=self._only_unlabelled.isChecked(),
            above=self._confidence.percent / 100 if self._chosen().has_confidence else 0.0,
        )


def _with_share(name: str, count: int | None, whole: int) -> str:
    return f"{name} ({pixels(count)}, {percent(count / whole)})" if count else name


def _confidence_text(minimum: int) -> str:
    return percent(minimum / 100, decimals=0) if minimum else tr("any")
