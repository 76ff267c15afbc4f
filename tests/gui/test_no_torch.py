"""Viewing needs no torch: shown in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer

from landseg_gui import startup
from landseg_gui.settings import Settings

app = startup.application()
window = startup.main_window(app, Settings(Path(sys.argv[1])))
window.show()


def wait(done):
    loop = QEventLoop()
    timer = QTimer(interval=20)
    timer.timeout.connect(lambda: done() and loop.quit())
    timer.start()
    QTimer.singleShot(20_000, lambda: sys.exit("nothing came"))
    loop.exec()


window.commands.open_paths([Path(name) for name in sys.argv[2:]])
wait(lambda: len(window.session.layers.masks) == 1)
view = window.viewport
wait(lambda: view.canvas.is_sharp)
view.zoom_to(1.0)
view.pan_by(-80, 40)
view.zoom_by(0.3)
wait(lambda: view.canvas.is_sharp)
assert window.runner.shut_down(20)
window.close()
print(sorted({name.partition(".")[0] for name in sys.modules} & {"torch", "safetensors", "matplotlib"}))
"""


def test_opening_panning_and_zooming_import_no_torch(tmp_path: Path, picture: Path, own_map: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "settings.ini"), str(picture), str(own_map)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"
