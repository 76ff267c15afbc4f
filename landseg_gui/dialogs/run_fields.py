"""The fields of a training run's settings: network, length, batch and so on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QSpinBox,
    QWidget,
)

from landseg_core.models.catalog import CATALOG
from landseg_core.training.config import TrainConfig, field_problems
from landseg_gui.dialogs.checks import Problem, as_sentence
from landseg_gui.dialogs.form import FormDialog
from landseg_gui.dialogs.memory import FormMemory

DEVICES = {
    "auto": "auto (the fastest there is)",
    "cpu": "cpu",
    "cuda": "cuda (NVIDIA graphics card)",
    "mps": "mps (Apple graphics)",
}
_DEFAULTS = TrainConfig()
_DEFAULT_MINUTES = 10.0
_PLAINER = {"learning_rate": f"Give a number above 0 and up to 1, such as {_DEFAULTS.learning_rate:g}."}


class RunFields(QObject):
    """Adds its fields to a form of a dialog; their values are those of a `TrainConfig`."""

    changed = Signal()

    def __init__(self, dialog: FormDialog, form: QFormLayout) -> None:
        super().__init__(dialog)
        self._make_editors()
        self._add_rows(dialog, *self._two_columns(form))
        self._connect()
        self._show_title()

    def _make_editors(self) -> None:
        self._model = QComboBox(objectName="train_model")
        self._model.addItems(list(CATALOG))
        self._model_title = QLabel(objectName="train_model_title", wordWrap=True)
        self._epochs = QSpinBox(objectName="train_epochs", maximum=100_000)
        self._minutes = QDoubleSpinBox(objectName="train_minutes", maximum=100_000, decimals=1)
        self._by_epochs = QRadioButton("Epochs", objectName="train_by_epochs", checked=True)
        self._by_minutes = QRadioButton("Minutes", objectName="train_by_minutes")
        self._batch = QSpinBox(objectName="train_batch", maximum=9999, suffix=" chips")
        self._chip = QSpinBox(objectName="train_chip", maximum=99_999, singleStep=32, suffix=" px")
        self._learning_rate = QLineEdit(objectName="train_learning_rate")
        self._device = QComboBox(objectName="train_device")
        for name, text in DEVICES.items():
            self._device.addItem(text, name)
        self._seed = QSpinBox(objectName="train_seed", maximum=2**31 - 1)

    def _add_rows(self, dialog: FormDialog, left: QFormLayout, right: QFormLayout) -> None:
        add = dialog.add_field
        network = add(left, "train_model", "&Network", self._model, "Larger networks learn more and take longer")
        network.add_below(self._model_title)
        add(left, "train_epochs", "Train for", self._length_editor(), "An epoch is one pass over the training data")
        add(left, "train_device", "&Device", self._device, "Where to compute")
        add(right, "train_batch", "&Batch", self._batch, "Chips that one step learns from; fewer need less memory")
        add(right, "train_chip", "Chip si&de", self._chip, "Side of the square windows cut from the images")
        add(right, "train_learning_rate", "&Learning rate", self._learning_rate, "The highest rate of the run")
        add(right, "train_seed", "S&eed", self._seed, "The same seed gives the same run on the CPU")

    def _length_editor(self) -> QWidget:
        group = QButtonGroup(self)
        for button in (self._by_epochs, self._by_minutes):
            group.addButton(button)
        editor = QWidget()
        grid = QGridLayout(editor)
        grid.setContentsMargins(0, 0, 0, 0)
        for row, (button, spin) in enumerate([(self._by_epochs, self._epochs), (self._by_minutes, self._minutes)]):
            spin.valueChanged.connect(lambda _value, button=button: button.setChecked(True))
            grid.addWidget(button, row, 0)
            grid.addWidget(spin, row, 1)
        grid.setColumnStretch(1, 1)
        editor.setFocusProxy(self._epochs)
        return editor

    def _two_columns(self, form: QFormLayout) -> tuple[QFormLayout, QFormLayout]:
        columns = QFormLayout(), QFormLayout()
        row = QHBoxLayout()
        row.setSpacing(24)
        for column in columns:
            column.setFieldGrowthPolicy(form.fieldGrowthPolicy())
            column.setVerticalSpacing(form.verticalSpacing())
            column.setHorizontalSpacing(form.horizontalSpacing())
            column.setLabelAlignment(form.labelAlignment())
            row.addLayout(column, 1)
        form.addRow(row)
        return columns

    def _connect(self) -> None:
        for spin in (self._epochs, self._minutes, self._batch, self._chip, self._seed):
            spin.valueChanged.connect(self.changed)
        for combo in (self._model, self._device):
            combo.currentIndexChanged.connect(self.changed)
        self._learning_rate.textChanged.connect(self.changed)
        self._by_minutes.toggled.connect(self.changed)
        self._model.currentTextChanged.connect(self._show_title)

    def _show_title(self) -> None:
        self._model_title.setText(CATALOG[self._model.currentText()].title)

    def recall(self, memory: FormMemory) -> None:
        """Show the values of the last time, or the defaults where there are none."""
        text = memory.text
        self._model.setCurrentText(text("model", _DEFAULTS.model))
        self._device.setCurrentIndex(max(0, self._device.findData(text("device", _DEFAULTS.device))))
        self._learning_rate.setText(text("learning_rate", f"{_DEFAULTS.learning_rate:g}"))
        self._epochs.setValue(_number(text("epochs"), _DEFAULTS.epochs or 1))
        self._minutes.setValue(_number(text("minutes"), _DEFAULT_MINUTES))
        self._batch.setValue(_number(text("batch"), _DEFAULTS.batch))
        self._chip.setValue(_number(text("chip"), _DEFAULTS.chip))
        self._seed.setValue(_number(text("seed"), _DEFAULTS.seed))
        (self._by_minutes if text("length") == "minutes" else self._by_epochs).setChecked(True)

    def remembered(self) -> dict[str, str]:
        """Return what `recall` wants to find the next time."""
        values = {name: str(value) for name, value in self.settings().items() if value is not None}
        return values | {"length": "minutes" if self._by_minutes.isChecked() else "epochs"}

    def problems(self) -> Iterator[tuple[str, Problem]]:
        """Yield field and problem of each value that makes no sense."""
        for name, sentence in field_problems(self.settings()).items():
            place = "epochs" if name == "minutes" else name
            yield f"train_{place}", Problem(_PLAINER.get(place) or as_sentence(sentence))

    def settings(self) -> dict[str, Any]:
        """Return the fields of the `TrainConfig`, not yet checked."""
        by_minutes = self._by_minutes.isChecked()
        return {
            "model": self._model.currentText(),
            "epochs": None if by_minutes else self._epochs.value(),
            "minutes": self._minutes.value() if by_minutes else None,
            "batch": self._batch.value(),
            "chip": self._chip.value(),
            "learning_rate": self._learning_rate.text().strip().replace(",", "."),
            "device": self._device.currentData(),
            "seed": self._seed.value(),
        }


def _number(text: str, default: float) -> Any:
    """Return the number in `text`, of the type of `default`, or `default` where there is none."""
    try:
        return type(default)(text)
    except ValueError:
        return default
