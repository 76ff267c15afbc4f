"""The check box for the correction of a model that a project holds."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtWidgets import QCheckBox

from landseg_core.errors import ModelError
from landseg_core.inference.backends.choice import require_torch
from landseg_core.models.header import model_reference
from landseg_core.project.project import Project
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.text import as_sentence, day, tr


class CorrectionChoice(QCheckBox):
    """Asks whether to predict with the correction of the chosen model; hidden where the project holds none."""

    def __init__(self, project: Project | None) -> None:
        super().__init__(tr("Use the correction of the model"), objectName="predict_corrections", checked=True)
        self._project = project
        self.setVisible(False)

    def show_for(self, model: Path | None) -> None:
        """Offer the correction of the model file (or run folder) at a path; None for no model."""
        entry = None
        if self._project is not None and model is not None and self._project.corrections.entries:
            try:
                entry = self._project.corrections.of_model(model_reference(model).hash)
            except (ModelError, OSError):  # shown elsewhere
                entry = None
        if entry is not None:
            date = day(datetime.fromisoformat(entry.created).astimezone(), year=True)
            self.setToolTip(tr("Fitted to the labels of the project on {date}", date=date))
        self.setVisible(entry is not None)

    @property
    def file(self) -> Path | None:
        """Return the project file whose correction is used; None for the model as it is."""
        return self._project.path if self._project and self.isChecked() and not self.isHidden() else None

    def error(self, backend: str) -> FieldError | None:
        """Return why a backend cannot be used with the correction, if it cannot."""
        try:
            if self.file is not None:
                require_torch(backend)
        except ModelError as error:
            return FieldError(as_sentence(error))
        return None
