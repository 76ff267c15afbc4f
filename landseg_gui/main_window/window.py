"""The main window: puts viewer, docks, menus and flows together, and does nothing else."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QGridLayout, QMainWindow, QStackedWidget, QToolBar, QWidget

from landseg_gui import theme
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.main_window.actions import Actions, choice_group
from landseg_gui.main_window.availability import available
from landseg_gui.main_window.closing import Closing
from landseg_gui.main_window.docks import Docks, first_size
from landseg_gui.main_window.overlays_key import OverlaysKey
from landseg_gui.main_window.reason_rings import ReasonRings
from landseg_gui.main_window.tool_bar import ToolBar, dress_overflow
from landseg_gui.main_window.tool_context import SessionToolContext
from landseg_gui.panels.classes import ClassesPanel
from landseg_gui.panels.history import HistoryPanel
from landseg_gui.panels.images.panel import ImagesPanel
from landseg_gui.panels.jobs.job_field import JobField
from landseg_gui.panels.jobs.panel import JobsPanel
from landseg_gui.panels.layers import LayersPanel
from landseg_gui.panels.message_bar import MessageBar
from landseg_gui.panels.runs.panel import RunsPanel
from landseg_gui.panels.runs.training import TrainingPanel
from landseg_gui.panels.save_indicator import SaveIndicator
from landseg_gui.panels.status import StatusBar
from landseg_gui.panels.tool_options import ToolOptions
from landseg_gui.panels.welcome import WelcomePage
from landseg_gui.plain_text import plain_tip, without_key
from landseg_gui.session.backups import AutomaticBackups
from landseg_gui.session.session import Session
from landseg_gui.settings import Settings
from landseg_gui.text import tr
from landseg_gui.theme import ThemeManager
from landseg_gui.tools.manager import ToolManager
from landseg_gui.viewer.layers import LayerStack
from landseg_gui.viewer.viewport import Viewport
from landseg_gui.workflows.commands.general import Commands
from landseg_gui.workflows.commands.labels import LabelCommands
from landseg_gui.workflows.training.display import TrainingDisplay

_LOWER_MIDDLE = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignHCenter


class MainWindow(QMainWindow):
    """landseg's window, with the session that it shows."""

    def __init__(self, runner: JobRunner, settings: Settings, themes: ThemeManager) -> None:
        super().__init__(objectName="main_window")
        self.setWindowTitle("landseg")
        self.resize(first_size(self.screen()))
        self.setAcceptDrops(True)
        self.runner = runner
        self._settings = settings
        themes.setParent(self)
        layers = LayerStack()
        self.viewport = Viewport(layers)
        self.session = session = Session(runner, layers, self.viewport.chosen_frame, self)
        context = SessionToolContext(
            self.viewport, session.project_session, session.notifier, session.cells, session.segmenter
        )
        self.tools = ToolManager(context)
        self.commands = Commands(self, session, runner, self.viewport)
        self.live = self.commands.live
        self.label_commands = LabelCommands(self, session, runner, self.viewport, self.tools)
        self._closing = Closing(self, session, runner, self.tools)
        self.actions_by_name = Actions(self, self.commands, self.label_commands)
        self._welcome = WelcomePage()
        self._messages = MessageBar()
        self._options = ToolOptions(self.tools)
        self._status = StatusBar()
        self._build_centre()
        self._build_toolbars()
        self._build_docks()
        self._build_menus(themes)
        self._connect()
        self._show_session()
        settings.restore_window(self)
        self.tools.restore(settings.tools)
        self.session.suggestions.restore(**settings.suggestions)

    def _build_centre(self) -> None:
        self._pages = QStackedWidget()
        self._pages.addWidget(self._welcome)
        self._pages.addWidget(self.viewport)
        centre = QWidget()
        grid = QGridLayout(centre)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        grid.addWidget(self._options, 0, 0)
        grid.addWidget(self._pages, 1, 0)
        # Over the pages, not above them: the image must not move while somebody paints.
        grid.addWidget(self._messages, 1, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.label_commands.queue_flow.bar, 1, 0, _LOWER_MIDDLE)
        grid.setRowStretch(1, 1)
        self.setCentralWidget(centre)
        self.setStatusBar(self._status)
        self._job_field = JobField(self.runner)
        self._status.add_field(self._job_field)
        stored = SaveIndicator(self.session.project_session)
        stored.save_as_wanted.connect(self.label_commands.save_as)
        self._status.add_field(stored)

    def _build_toolbars(self) -> None:
        toolbar = QToolBar(tr("Toolbar"), objectName="toolbar_main", movable=False)
        toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        toolbar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.actions_by_name.fill_toolbar(toolbar)
        dress_overflow(toolbar)
        self.addToolBar(toolbar)
        self._tool_bar = ToolBar(self.tools, self.actions_by_name.menus["menu_tools"])
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self._tool_bar)

    def _build_docks(self) -> None:
        project = self.session.project_session
        self._layers_panel = LayersPanel(self.session.layers)
        self._images = ImagesPanel(project)
        self._classes = ClassesPanel(project, self.session.layers)
        self._training = TrainingPanel()
        self.runs_panel = RunsPanel(self.session, self.commands.train_flow.trains_in)
        panels = {
            "layers": self._layers_panel,
            "images": self._images,
            "classes": self._classes,
            "history": HistoryPanel(project),
            "training": self._training,
            "jobs": JobsPanel(self.runner),
            "runs": self.runs_panel,
        }
        self.docks = Docks(self, panels, self.actions_by_name.menus["menu_panels"])

    def _build_menus(self, themes: ThemeManager) -> None:
        menus = self.actions_by_name.menus
        menus["menu_recent"].aboutToShow.connect(self._fill_recent)
        choice_group(menus["menu_theme"], theme.CHOICES, themes.choice, partial(self._choose_theme, themes))
        self.actions_by_name.limit_to(self.viewport, "action_hide_overlays")
        self.actions_by_name["action_hide_overlays"].setAutoRepeat(False)
        OverlaysKey(self.viewport, self.session.layers)

    def _connect(self) -> None:
        self._connect_session()
        self._connect_viewport()
        self._connect_panels()

    def _connect_session(self) -> None:
        session, project = self.session, self.session.project_session
        for signal in (
            session.layers.changed,
            project.project_changed,
            project.images.shown_changed,
            project.editing.images_changed,
            project.editing.history_changed,
        ):
            signal.connect(self._show_session)
        session.rasters.changed.connect(self.viewport.setFocus)
        session.opened.connect(self._settings.add_recent_file)
        session.notifier.posted.connect(self._messages.show_message)
        session.notifier.offered.connect(self._messages.show_offer)
        project.editing.project_wanted.connect(self.label_commands.new_project)
        AutomaticBackups(project, self)
        project.saving.save_wanted.connect(self._offer_to_save)
        for name, signal in (
            ("action_hide_overlays", session.layers.overlays_hidden_changed),
            ("action_compare", self.label_commands.comparison.blinking_changed),
            ("action_differences", self.label_commands.comparison.only_differences_changed),
            ("action_label_queue", self.label_commands.queue_flow.on_changed),
        ):
            signal.connect(self.actions_by_name[name].setChecked)

    def _offer_to_save(self, sentence: str) -> None:
        self._messages.show_offer(sentence, tr("Save As…"), self.label_commands.save_as)

    def _connect_viewport(self) -> None:
        view, project = self.viewport, self.session.project_session
        project.images.view_wanted.connect(view.centre_on)
        view.canvas.failed.connect(self.session.notifier.error)
        view.canvas.outdated.connect(self.session.reloader.watch.look)
        view.frame_changed.connect(self._show_zoom)
        view.frame_changed.connect(lambda: self.session.suggestions.set_frame(view.frame))
        self.session.suggestions.changed.connect(self._show_suggestion)
        self._reasons = ReasonRings(self.session, view)
        view.hovered.connect(self._show_position)
        view.left.connect(self._status.clear_position)

    def _connect_panels(self) -> None:
        commands, labels = self.commands, self.label_commands
        self._layers_panel.rendering_wanted.connect(commands.choose_rendering)
        self._layers_panel.classes_wanted.connect(commands.choose_classes)
        self._images.add_wanted.connect(labels.add_images)
        self._images.find_wanted.connect(labels.images.find)
        self._images.remove_wanted.connect(labels.images.remove)
        labels.changes.predict_wanted.connect(commands.predict)
        self._classes.edit_wanted.connect(labels.edit_classes)
        self._classes.project_wanted.connect(labels.new_project)
        self._welcome.open_clicked.connect(commands.open_files)
        self._welcome.new_project_clicked.connect(labels.new_project)
        self._welcome.train_clicked.connect(commands.train)
        self._welcome.recent_clicked.connect(lambda path: commands.open_paths([path]))
        commands.runs_wanted.connect(lambda: self.docks.bring_up("runs"))
        commands.layout_reset_wanted.connect(self.docks.reset)
        self._job_field.clicked.connect(lambda: self.docks.bring_up("jobs"))
        self.runs_panel.train_wanted.connect(commands.train)
        self._connect_training()
        commands.train_flow.started.connect(lambda *_: labels.split_overlay.refresh())

    def _connect_training(self) -> None:
        flow = self.commands.train_flow
        self.runs_panel.resume_wanted.connect(flow.resume)
        self.runs_panel.fine_tune_wanted.connect(flow.fine_tune)
        self.viewport.frame_changed.connect(self.live.record_view)
        display = TrainingDisplay(self.session, flow, self._training, self.live)
        display.begun.connect(self.docks.make_room_for_curves)
        display.ended.connect(self.runs_panel.refresh)

    def _show_session(self) -> None:
        """Follow what is open: the page, the title, and the enabled actions."""
        image, project = self.session.layers.image, self.session.project_session
        self._pages.setCurrentWidget(self.viewport if image else self._welcome)
        self._options.setVisible(image is not None)
        self._tool_bar.setEnabled(image is not None)
        title = project.title() or (image.name if image else "")
        self.setWindowTitle(f"{title} - landseg" if title else "landseg")
        self._status.set_crs_name(image.crs_name if image else "")
        self._show_actions()
        if image is None:
            self._welcome.show_recent(self._settings.recent_files())

    def _show_actions(self) -> None:
        project, actions = self.session.project_session, self.actions_by_name
        actions.enable(available(self.session))
        for name, text in (("action_undo", project.editing.undo_text()), ("action_redo", project.editing.redo_text())):
            actions[name].setText(without_key(text))

    def _show_zoom(self) -> None:
        self._status.show_zoom(self.viewport.scale_factor if self.session.rasters.current else None)

    def _show_position(self, column: float, row: float) -> None:
        raster = self.session.rasters.current
        if raster is not None:
            name = self.viewport.canvas.class_at(column, row)
            self._status.show_position(raster.grid, column, row, self._reasons.explain(column, row) or name)

    def _show_suggestion(self) -> None:
        suggestions = self.session.suggestions
        self.actions_by_name["action_suggest"].setChecked(suggestions.on)
        self.actions_by_name["action_suggest_when_asked"].setChecked(suggestions.only_when_asked)

    def _choose_theme(self, themes: ThemeManager, choice: str) -> None:
        themes.choose(choice)
        self._settings.theme = choice

    def _fill_recent(self) -> None:
        menu = self.actions_by_name.menus["menu_recent"]
        menu.clear()
        for path in self._settings.recent_files():
            action = menu.addAction(without_key(path.name), partial(self.commands.open_paths, [path]))
            action.setToolTip(plain_tip(str(path)))
        if menu.isEmpty():
            menu.addAction(tr("No Recent Files")).setEnabled(False)
        else:
            menu.addSeparator()
            menu.addAction(tr("Clear List"), self._settings.clear_recent_files)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self._welcome.show_drop(wanted=True)

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        """Ignore the files that leave again."""
        self._welcome.show_drop(wanted=False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the files dropped."""
        self._welcome.show_drop(wanted=False)
        urls = event.mimeData().urls()
        self.commands.open_paths([Path(url.toLocalFile()) for url in urls if url.isLocalFile()])
        event.acceptProposedAction()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Pass keys that no panel handles to the tools: digits choose a class wherever the focus is."""
        if not self.tools.key_press(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Pass the release of a key on to the tools, wherever the focus is."""
        self.tools.key_release(event)
        super().keyReleaseEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask while jobs run; then stop them, save the project, and close when all have ended."""
        if not self._closing.settle():
            event.ignore()
            return
        self._settings.save_window(self)
        self._settings.tools = self.tools.state()
        suggestions = self.session.suggestions
        self._settings.suggestions = {"on": suggestions.on, "only_when_asked": suggestions.only_when_asked}
        self.hide()
        self.viewport.canvas.close()
        self.label_commands.queue_flow.close()
        self.runs_panel.close_reading()
        self.session.suggestions.close()
        self.session.cells.close()
        self.session.segmenter.close()
        event.accept()

    def end(self) -> None:
        """Close without a question, once what runs has ended: whoever started landseg, or the system, wants it so."""
        self._closing.end()
