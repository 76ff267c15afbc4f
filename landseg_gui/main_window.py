"""The main window: puts viewer, docks, menus and flows together, and does nothing else."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QStackedWidget, QToolBar, QVBoxLayout, QWidget

from landseg_core.labels.classes import ClassSchema
from landseg_gui import theme
from landseg_gui.actions import Actions, choice_group
from landseg_gui.commands import Commands
from landseg_gui.dialogs.failure import choose
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.panels.jobs import JobsPanel
from landseg_gui.panels.layers import LayersPanel
from landseg_gui.panels.message_bar import MessageBar
from landseg_gui.panels.status import StatusBar
from landseg_gui.panels.training import TrainingPanel
from landseg_gui.panels.welcome import WelcomePage
from landseg_gui.session import Session
from landseg_gui.settings import Settings
from landseg_gui.theme import ThemeManager
from landseg_gui.viewer.viewport import Viewport

_PANEL_WIDTH = 330
_LAYERS_HEIGHT, _TRAINING_HEIGHT = 400, 260


class MainWindow(QMainWindow):
    """landseg's window on a session."""

    def __init__(self, session: Session, runner: JobRunner, settings: Settings, themes: ThemeManager) -> None:
        super().__init__(objectName="main_window")
        self.setWindowTitle("landseg")
        self.resize(1280, 800)
        self.setAcceptDrops(True)
        self.session = session
        self.runner = runner
        self._settings = settings
        themes.setParent(self)
        self._closing = False
        self.viewport = Viewport(session.layers)
        self.commands = Commands(self, session, runner, self.viewport)
        self.actions_by_name = Actions(self, self.commands)
        self._welcome = WelcomePage()
        self._messages = MessageBar()
        self._status = StatusBar()
        self._build_centre()
        self._build_toolbar()
        self._build_docks()
        self._build_menus(themes)
        self._connect()
        self._show_session()
        settings.restore_window(self)

    def _build_centre(self) -> None:
        self._pages = QStackedWidget()
        self._pages.addWidget(self._welcome)
        self._pages.addWidget(self.viewport)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._messages)
        column.addWidget(self._pages, 1)
        self.setCentralWidget(centre)
        self.setStatusBar(self._status)

    def _build_toolbar(self) -> None:
        toolbar = QToolBar("Toolbar", objectName="toolbar_main", movable=False)
        toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        toolbar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.actions_by_name.fill_toolbar(toolbar)
        self.addToolBar(toolbar)

    def _build_docks(self) -> None:
        layers_panel = LayersPanel(self.session.layers)
        layers_panel.rendering_wanted.connect(self.commands.choose_rendering)
        layers_panel.classes_wanted.connect(self.commands.choose_classes)
        self._training = TrainingPanel()
        layers = self._add_dock("dock_layers", "Layers", layers_panel)
        training = self._add_dock("dock_training", "Training", self._training)
        jobs = self._add_dock("dock_jobs", "Jobs", JobsPanel(self.runner))
        self.tabifyDockWidget(training, jobs)
        training.raise_()
        self.resizeDocks([layers], [_PANEL_WIDTH], Qt.Orientation.Horizontal)
        self.resizeDocks([layers, training], [_LAYERS_HEIGHT, _TRAINING_HEIGHT], Qt.Orientation.Vertical)
        self._layers_dock, self._training_dock = layers, training

    def _add_dock(self, name: str, title: str, panel: QWidget) -> QDockWidget:
        dock = QDockWidget(title, objectName=name)
        panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        dock.setWidget(panel)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        self.actions_by_name.menus["menu_panels"].addAction(dock.toggleViewAction())
        return dock

    def _build_menus(self, themes: ThemeManager) -> None:
        menus = self.actions_by_name.menus
        menus["menu_recent"].aboutToShow.connect(self._fill_recent)
        choice_group(menus["menu_theme"], theme.CHOICES, themes.choice, partial(self._choose_theme, themes))
        self.actions_by_name.limit_to(self.viewport, "action_hide_overlays")

    def _connect(self) -> None:
        session, view = self.session, self.viewport
        session.view_provider = view.view_window
        session.layers_changed.connect(self._show_session)
        hide = self.actions_by_name["action_hide_overlays"]
        session.layers.overlays_hidden_changed.connect(hide.setChecked)
        session.raster_changed.connect(view.setFocus)
        session.opened.connect(self._settings.add_recent_file)
        session.message.connect(self._messages.show_notice)
        session.problem.connect(self._messages.show_problem)
        view.canvas.failed.connect(self._messages.show_problem)
        view.frame_changed.connect(self._show_zoom)
        view.hovered.connect(self._show_place)
        view.left.connect(self._status.clear_place)
        self._welcome.open_clicked.connect(self.commands.open_files)
        self._welcome.train_clicked.connect(self.commands.train)
        self._welcome.recent_clicked.connect(lambda path: self.commands.open_paths([path]))
        self.commands.train_flow.started.connect(self._show_training)

    def _show_session(self) -> None:
        """Follow what is open: the page, the title, and what can be done."""
        image, masks = self.session.layers.image, self.session.layers.masks
        self._pages.setCurrentWidget(self.viewport if image else self._welcome)
        self.setWindowTitle(f"{image.name} - landseg" if image else "landseg")
        self.actions_by_name.enable(raster=image is not None, mask=bool(masks))
        self._status.set_crs_name(image.crs_name if image else "")
        if image is None:
            self._welcome.show_recent(self._settings.recent_files())

    def _show_zoom(self) -> None:
        self._status.show_zoom(self.viewport.scale_factor if self.session.raster else None)

    def _show_place(self, column: float, row: float) -> None:
        raster = self.session.raster
        if raster is not None:
            name = self.viewport.canvas.class_at(column, row)
            self._status.show_place(raster.grid, column, row, name)

    def _show_training(self, job: Job, schema: ClassSchema) -> None:
        self._training.follow(job, schema)
        self._training_dock.show()
        self._training_dock.raise_()
        docks = [self._layers_dock, self._training_dock]
        self.resizeDocks(docks, [1, 2], Qt.Orientation.Vertical)  # the curves need the room

    def _choose_theme(self, themes: ThemeManager, choice: str) -> None:
        themes.choose(choice)
        self._settings.theme = choice

    def _fill_recent(self) -> None:
        menu = self.actions_by_name.menus["menu_recent"]
        menu.clear()
        for path in self._settings.recent_files():
            menu.addAction(path.name, partial(self.commands.open_paths, [path])).setToolTip(str(path))
        if menu.isEmpty():
            menu.addAction("No recent files").setEnabled(False)
        else:
            menu.addSeparator()
            menu.addAction("Clear the list", self._settings.clear_recent_files)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self._welcome.show_drop(wanted=True)

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        """Let the files pass by."""
        self._welcome.show_drop(wanted=False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the files dropped."""
        self._welcome.show_drop(wanted=False)
        urls = event.mimeData().urls()
        self.commands.open_paths([Path(url.toLocalFile()) for url in urls if url.isLocalFile()])
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask while something runs; then stop it, and close when it has ended."""
        if self._closing or self._may_close():
            self._settings.save_window(self)
            self.hide()
            self.viewport.canvas.close()
            event.accept()
            return
        event.ignore()

    def _may_close(self) -> bool:
        """Tell whether to close at once; where jobs have to end first, the window closes after them."""
        running = self.runner.running
        if not running:
            return True
        if set(running) - set(self.session.background_jobs) and not self._ask_to_stop():
            return False
        self._closing = True
        self.setEnabled(False)
        self._messages.show_notice("Stopping what runs, then the window closes…")
        self.runner.idle.connect(self.close)
        self.runner.stop_all()
        return not self.runner.running

    def _ask_to_stop(self) -> bool:
        titles = ", ".join(job.title for job in self.runner.running if job not in self.session.background_jobs)
        return choose(self, "Stop and close?", f"This is still running: {titles}.", ["Stop and close"]) is not None
