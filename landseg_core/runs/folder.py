"""The folder of a training run."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from io import RawIOBase
from pathlib import Path
from typing import Any

from landseg_core.errors import OutputError, TrainingError
from landseg_core.events import EpochFinished, Event, OnEvent
from landseg_core.input_files import parsed_json, present_path, read_file
from landseg_core.leftovers import UNFINISHED
from landseg_core.messages import N_
from landseg_core.models.header import MODEL_FILE
from landseg_core.output_files import check_name, unwritable, write_atomically

_FORMER_NAMES = {
    "environment.json": "facts.json",
    "evaluation.json": "figures.json",
    "samples.json": "pictures.json",
}
"""The names that landseg 0.1 gave to files of a run, by the present ones."""


class RunFolder:
    """The files of a run: best model, checkpoint (and a copy of its record for people), metrics, settings, report.

    `recovery_checkpoint` is the one to roll back to where the last checkpoint is a later one, amid an epoch.
    `parent_record` is the header of the model that the run fine-tunes, `parent_model` a copy of it, `parent_counts` its
    confusion matrices on what validates the run.
    Files that landseg 0.1 wrote are found under their former names.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.model = path / MODEL_FILE
        self.checkpoint = path / "last.safetensors"
        self.checkpoint_record = path / "last.json"
        self.recovery_checkpoint = path / "anchor.safetensors"
        self.metrics = path / "metrics.jsonl"
        self.config = path / "config.json"
        self.parent_record = path / "before.json"
        self.parent_model = path / "parent.safetensors"
        self.parent_counts = path / "parent.json"
        self.report = path / "report.html"
        self._made = False

    @property
    def environment(self) -> Path:
        """Return the file of the machine and the data of the run."""
        return self._present_path("environment.json")

    @property
    def evaluation(self) -> Path:
        """Return the file of the evaluation of the best model."""
        return self._present_path("evaluation.json")

    @property
    def samples(self) -> Path:
        """Return the file of the validation samples of the best model."""
        return self._present_path("samples.json")

    def _present_path(self, name: str) -> Path:
        return present_path(self.path / name, _FORMER_NAMES[name])

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the path of every file that a run may have."""
        weights = self.model, self.checkpoint, self.checkpoint_record, self.recovery_checkpoint, self.parent_model
        renamed = (self.path / name for names in _FORMER_NAMES.items() for name in names)
        return *weights, self.metrics, self.config, self.parent_record, self.parent_counts, *renamed, self.report

    def require_free(self, *, overwrite: bool) -> None:
        """Check that a new run may go here.

        Raises:
            OutputError: it is a file, cannot be read, holds files and may not be overwritten, or has no UTF-8 name.
        """
        check_name(self.path)
        try:
            used = self.path.exists() and any(self.path.iterdir())
        except OSError as error:
            raise unwritable(self.path, error) from error
        if used and not overwrite:
            raise self._not_empty()

    def _not_empty(self) -> OutputError:
        if self.checkpoint.is_file():
            return OutputError(
                N_(
                    "the folder {path} is not empty; choose another, resume the run in it (--resume), or allow "
                    "overwriting (--overwrite)",
                    path=self.path,
                )
            )
        if self.config.is_file():
            return OutputError(
                N_(
                    "the folder {path} is not empty; the run in it ended before its first checkpoint and cannot be "
                    "resumed: start it again with --overwrite instead of --resume, or choose another folder",
                    path=self.path,
                )
            )
        return OutputError(
            N_("the folder {path} is not empty; choose another, or allow overwriting (--overwrite)", path=self.path)
        )

    def require_run(self) -> None:
        """Check that there is a run to resume.

        Raises:
            TrainingError: there is none.
        """
        if not self.checkpoint.is_file():
            if self.config.is_file():
                raise TrainingError(
                    N_(
                        "the run in {path} ended before its first checkpoint ({checkpoint} is missing) and cannot be "
                        "resumed; start it again, with --overwrite instead of --resume",
                        path=self.path,
                        checkpoint=self.checkpoint.name,
                    )
                )
            raise TrainingError(
                N_(
                    "{path} holds no run that can be resumed ({checkpoint} is missing); give the folder of a run, "
                    "or start a new one without --resume",
                    path=self.path,
                    checkpoint=self.checkpoint.name,
                )
            )

    def start(self) -> None:
        """Make the folder, without the files of an earlier run.

        Raises:
            OutputError: it cannot be written to.
        """
        try:
            self._made = not self.path.exists()
            self.path.mkdir(parents=True, exist_ok=True)
            for file in self.files:
                file.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def sweep(self, best_epoch: int | None, *, keep_recovery: bool) -> None:
        """Remove what a killed run left behind: unfinished files, an evaluation or samples not of the best epoch.

        Besides the recovery checkpoint, unless the checkpoint needs it.

        Raises:
            OutputError: it cannot be removed.
        """
        try:
            for file in self.files:
                for rest in self.path.glob(f"{file.name}{UNFINISHED}*"):
                    rest.unlink()
            if not keep_recovery:
                self.recovery_checkpoint.unlink(missing_ok=True)
            for file in (self.evaluation, self.samples):
                if _epoch_in(file) != best_epoch:
                    file.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def discard_if_useless(self) -> None:
        """Remove the files of a run that has neither a model nor a checkpoint."""
        if self.model.exists() or self.checkpoint.exists():
            return
        for file in self.files:
            file.unlink(missing_ok=True)
        if self._made and not any(self.path.iterdir()):
            self.path.rmdir()

    def write_config(self, settings: Mapping[str, Any]) -> None:
        """Write the run's settings, JSON-able.

        Raises:
            OutputError: they cannot be written.
        """
        write_atomically(self.config, (json.dumps(settings, indent=2) + "\n").encode())

    def write_evaluation(self, evaluation: Mapping[str, Any]) -> None:
        """Write the evaluation of the best model, JSON-able.

        Raises:
            OutputError: it cannot be written; that of the previous best model is untouched.
        """
        write_atomically(self.evaluation, (json.dumps(evaluation, allow_nan=False) + "\n").encode())


class MetricsLog:
    """Writes events to `metrics.jsonl`, a line each, at once, and passes them on. A context manager."""

    def __init__(self, path: Path, on_event: OnEvent) -> None:
        """Open the log for appending.

        Raises:
            OutputError: it cannot be written.
        """
        self._path, self._on_event = path, on_event
        self._file = self._open()

    def _open(self) -> RawIOBase:
        # Without a buffer: what could not be written must not come back as a second error when the file is closed.
        try:
            return self._path.open("ab", buffering=0)
        except OSError as error:
            raise unwritable(self._path, error) from error

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def __call__(self, event: Event) -> None:
        """Log `event`, unless it is of a kind that is not logged, and pass it on.

        Raises:
            OutputError: the line cannot be written.
        """
        if event.logged:
            self._write(json.dumps(event.as_dict(), allow_nan=False).encode() + b"\n")
        self._on_event(event)

    def cut(self, step: int, epoch: int) -> None:
        """Drop what a run that is rolled back will log again; see `cut_log`.

        Raises:
            OutputError: it cannot be written.
        """
        self._file.close()
        cut_log(self._path, step, epoch)
        self._file = self._open()

    def _write(self, line: bytes) -> None:
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise unwritable(self._path, error) from error


def _epoch_in(path: Path) -> Any:
    """Return the epoch in a JSON file, None where there is none."""
    try:
        record = parsed_json(read_file(path))
    except (OSError, ValueError):
        return None
    return record.get("epoch") if isinstance(record, dict) else None


def cut_log(path: Path, step: int, epoch: int) -> None:
    """Drop steps after `step`, validations from `epoch` on, and lines cut short or damaged: they will be logged again.

    Raises:
        OutputError: it cannot be written.
    """
    if path.exists():
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        write_atomically(path, (line.encode() for line in lines if _stays(line, step, epoch)))


def _stays(line: str, step: int, epoch: int) -> bool:
    try:
        event = parsed_json(line)
    except ValueError:
        return False
    if not line.endswith("\n") or not isinstance(event, dict):
        return False
    logged_step = event.get("step", 0)
    logged_epoch = event.get("epoch", 0) if event.get("event") == EpochFinished.event else epoch - 1
    if not isinstance(logged_step, int) or not isinstance(logged_epoch, int):
        return False
    return logged_step <= step and logged_epoch < epoch
