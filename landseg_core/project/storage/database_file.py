"""The SQLite file of a project: creating one, and refusing other files."""

from __future__ import annotations

from pathlib import Path

from landseg_core.errors import OutputError, ProjectError
from landseg_core.input_files import open_file
from landseg_core.labels.class_names import name_problem
from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_
from landseg_core.output_files import OutputFiles
from landseg_core.project.storage.connection import connect, sqlite_errors, transaction
from landseg_core.project.storage.schema import create_tables

_MAGIC = b"SQLite format 3\0"


def create_file(path: Path, schema: ClassSchema) -> None:
    """Create a project file without images.

    Raises:
        ProjectError: the path is taken, the file cannot be written, or a class has a name that is not allowed.
    """
    if problem := name_problem(schema.names):
        raise ProjectError(N_("{path} was not created: {problem}; choose another name", path=path, problem=problem))
    try:
        with OutputFiles() as outputs, sqlite_errors(N_("{path} cannot be created", path=path)):
            _write_new(outputs.add(path), schema)
    except OutputError as error:
        raise ProjectError(str(error)) from error


def _write_new(path: Path, schema: ClassSchema) -> None:
    connection = connect(path, "rw")
    try:
        with transaction(connection):
            create_tables(connection)
            settings = [("classes", schema.to_json()), ("done", 0), ("last_step", 0)]
            connection.executemany("INSERT INTO settings (key, value) VALUES (?, ?)", settings)
    finally:
        connection.close()


def require_database(path: Path) -> None:
    """Refuse what is not an SQLite file, before SQLite takes an empty file for an empty database.

    Raises:
        ProjectError: it is not one.
    """
    try:
        if path.is_dir():
            raise ProjectError(N_("{path} is a folder; choose a landseg project file", path=path))
        with open_file(path) as file:
            start = file.read(len(_MAGIC))
    except FileNotFoundError as error:
        raise ProjectError(
            N_("there is no project {path}; check the path, or create a new project", path=path)
        ) from error
    except OSError as error:
        raise ProjectError(
            N_(
                "{path} cannot be opened: {reason}; check the path and the permissions",
                path=path,
                reason=error.strerror,
            )
        ) from error
    if not start:
        raise ProjectError(N_("{path} is empty; choose a landseg project file", path=path))
    if start != _MAGIC:
        raise ProjectError(
            N_("{path} is not a landseg project, or its beginning is damaged; choose another file", path=path)
        )
