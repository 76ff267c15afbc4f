"""The dialog that lists the backups of one project, or of all, to restore one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from landseg_core.messages import N_
from landseg_core.project.backup.folder import Backup
from landseg_core.project.backup.restoring import BackupContent
from landseg_gui.paths import ask_project_path
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import file_size, thousands, tr, translated

_COLUMNS = (N_("Date"), N_("Size"), N_("Edits"), N_("Labelled tiles"), N_("Project"))
_EXPLANATION = N_(
    "landseg backs up a project when it is opened and closed, and every ten minutes while it changes. The last ten"
    " backups are kept. A project file that you replace here is backed up first."
)


class RestoreDialog(QDialog):
    """Shows backups, newest first. `chosen` carries the backup and the file to restore it to."""

    chosen = Signal(object, object)

    def __init__(self, project: Path | None, parent: QWidget | None = None) -> None:
        """Show the backups of the file `project`, or of all projects, once they have been found."""
        super().__init__(parent, objectName="dialog_restore")
        self.setWindowTitle(tr("Restore {project}", project=project.name) if project else tr("Restore Project"))
        self.resize(760, 380)
        self._text = PlainLabel(tr("Looking for backups…"), objectName="restore_text", wordWrap=True)
        self._list = QTreeWidget(objectName="restore_list", rootIsDecorated=False, uniformRowHeights=True)
        self._list.setHeaderLabels([translated(text) for text in _COLUMNS])
        self._list.setColumnHidden(len(_COLUMNS) - 1, project is not None)
        self._list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self._list.header().setStretchLastSection(False)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._restore = QPushButton(tr("&Restore…"), objectName="restore_button", enabled=False)
        self._buttons.addButton(self._restore, QDialogButtonBox.ButtonRole.ActionRole)
        self._lay_out()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.addWidget(self._text)
        column.addWidget(self._list, 1)
        column.addWidget(self._buttons)
        self._buttons.rejected.connect(self.reject)
        self._restore.clicked.connect(self._choose)
        self._list.itemSelectionChanged.connect(lambda: self._restore.setEnabled(self._selected() is not None))
        self._list.itemDoubleClicked.connect(lambda *_: self._choose())

    def show_backups(self, contents: Sequence[BackupContent]) -> None:
        """List backups."""
        self._list.clear()
        items = [_item(content) for content in contents]
        self._list.addTopLevelItems(items)
        self._text.setText(
            translated(_EXPLANATION) if contents else tr("No backups yet. {explanation}", explanation=_EXPLANATION)
        )
        if items:
            self._list.setCurrentItem(items[0])

    def _selected(self) -> Backup | None:
        items = self._list.selectedItems()
        return items[0].data(0, Qt.ItemDataRole.UserRole) if items else None

    def _choose(self) -> None:
        backup = self._selected()
        path = ask_project_path(self, tr("Restore As"), proposed_path(backup)) if backup else None
        if path is not None:
            self.chosen.emit(backup, path)
            self.accept()


def proposed_path(backup: Backup) -> Path:
    """Return a free path next to the project, or in the home folder where that folder is gone."""
    project, when = backup.project, backup.created.astimezone().strftime("%Y-%m-%d_%H-%M")
    folder = project.parent if project.parent.is_dir() else Path.home()
    return folder / f"{project.stem}-restored-{when}{project.suffix}"


def _item(content: BackupContent) -> QTreeWidgetItem:
    backup = content.backup
    when = backup.created.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    item = QTreeWidgetItem(
        [when, file_size(backup.bytes), thousands(content.steps), thousands(content.tiles), str(backup.project)]
    )
    for column in range(1, 4):
        item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    item.setData(0, Qt.ItemDataRole.UserRole, backup)
    return item
