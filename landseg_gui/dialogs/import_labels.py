"""The dialog that imports labels from a mask or from polygons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QComboBox, QWidget

from landseg_core.formats.importers import MASK_SUFFIXES, POLYGON_SUFFIXES
from landseg_core.formats.source_info import SourceInfo, SourceValue
from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_
from landseg_core.project.images import ImageEntry
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.class_mapping import LEAVE_OUT, MappingTable
from landseg_gui.dialogs.forms.fields import PathField, pick_file
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.source_reader import DescribedSource, SourceReader
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.paths import is_there
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import as_sentence, pixels, thousands, tr, translated

_MOST_VALUES = 250
_PATTERNS = " ".join(f"*{suffix}" for suffix in (*MASK_SUFFIXES, *POLYGON_SUFFIXES))
_KINDS = N_("Masks and polygons ({patterns});;All files (*)", patterns=_PATTERNS)
_RESAMPLED = N_("The mask has a different grid and will be resampled (nearest neighbour).")
_SHIFTED = N_("The values may be offset by one from those of the classes: check the mapping.")


@dataclass(frozen=True)
class ImportLabelsRequest:
    """Labels to import from `source`: class names by value, "" to ignore one; `attribute` is the field of polygons."""

    source: Path
    mapping: Mapping[str, str]
    attribute: str | None
    large: bool = False


class ImportLabelsDialog(FormDialog):
    """Asks for a file to import as labels of `image`, and the class of `schema` for each value; see `request`.

    The file is read in the background as soon as it is chosen.
    """

    def __init__(
        self, image: ImageEntry, schema: ClassSchema, runner: JobRunner, parent: QWidget | None = None
    ) -> None:
        super().__init__("import_labels", tr("Import Labels of {image}", image=image.name), tr("Import"), parent)
        self._schema = schema
        self._described: DescribedSource | None = None
        self._refusal = ""
        self._reader = SourceReader(schema, image.grid, runner, self)
        self._add_fields()
        self.complete()
        self._connect()
        self._show_description(None)
        self.resize(600, self.sizeHint().height())

    # --- fields

    def _add_fields(self) -> None:
        self._source = PathField(
            "import_labels_source", pick_file(tr("Import Labels"), translated(_KINDS)), tr("Mask or polygons")
        )
        self._facts = PlainLabel(objectName="import_labels_facts", wordWrap=True)
        self._facts.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        tip = tr("A mask (PNG, GeoTIFF, …) or polygons (GeoPackage, GeoJSON, Shapefile, FlatGeobuf)")
        form = self.add_section(tr("Source"))
        self.add_field(form, "import_labels_source", tr("&File"), self._source, tip).add_below(self._facts)
        self._attribute = QComboBox(objectName="import_labels_attribute")
        self._table = MappingTable("import_labels_value", self._schema)
        self._classes = self.add_section(tr("Class mapping"))
        tip = tr("The field of the polygons that contains the class")
        self._attribute_field = self.add_field(
            self._classes, "import_labels_attribute", tr("Fi&eld"), self._attribute, tip
        )
        tip = tr("The class for each value in the file")
        self._values_field = self.add_field(self._classes, "import_labels_values", tr("Values"), self._table, tip)

    def _connect(self) -> None:
        self._source.changed.connect(self._read)
        self._reader.described.connect(self._show_description)
        self._reader.failed.connect(self._refuse)
        self._attribute.currentIndexChanged.connect(self._show_values)
        self._table.changed.connect(self.check)
        self.finished.connect(self._reader.stop)

    # --- the file

    def _read(self) -> None:
        path = self._source.path()
        self._reader.stop()
        if path is not None and is_there(path.is_file):
            self._reader.read(path)
        self._show_description(None)

    def _refuse(self, sentence: str) -> None:
        self._show_description(None)
        self._refusal = sentence
        self.check()

    def _show_description(self, described: DescribedSource | None) -> None:
        self._described, self._refusal = described, ""
        self._facts.setText(_facts(described) if described else "")
        self._facts.setVisible(described is not None)
        self._fill_attributes(described.info if described else SourceInfo("mask"))
        if section := self._classes.parentWidget():
            section.setVisible(described is not None)
        self._show_values()

    def _fill_attributes(self, info: SourceInfo) -> None:
        self._attribute.blockSignals(True)  # noqa: FBT003
        self._attribute.clear()
        if info.kind == "polygons" and info.attribute is None:
            self._attribute.addItem(tr("None: one class for all polygons"), None)
        for name in info.attributes:
            self._attribute.addItem(name, name)
        self._attribute.setCurrentIndex(self._attribute.findData(info.attribute))
        self._attribute.blockSignals(False)  # noqa: FBT003
        self._classes.setRowVisible(self._attribute_field, self._attribute.count() > 1)

    def _values(self) -> Sequence[SourceValue]:
        if self._described is None:
            return ()
        info, attribute = self._described.info, self._attribute.currentData()
        if info.kind == "mask":
            return info.values
        return info.attributes[attribute] if attribute else [_all_polygons(info)]

    def _show_values(self) -> None:
        values = self._values()
        self._table.show_values(values if len(values) <= _MOST_VALUES else ())
        self.check()

    # --- what is checked

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of every field that has one."""
        candidates = {
            "import_labels_source": self._source_error(),
            "import_labels_values": self._values_error() if self._described else None,
        }
        return {name: error for name, error in candidates.items() if error}

    def _source_error(self) -> FieldError | None:
        path = self._source.path()
        if path is None:
            return FieldError(tr("Choose a mask or a polygon file."), missing=True)
        if not is_there(path.is_file):
            return FieldError(
                tr("This is a folder; choose a file.") if is_there(path.is_dir) else tr("There is no such file.")
            )
        if self._refusal:
            return FieldError(as_sentence(self._refusal))
        return FieldError(tr("Reading the file…"), missing=True) if self._described is None else None

    def _values_error(self) -> FieldError | None:
        count = len(self._values())
        if count == 0:
            return FieldError(tr("There is nothing to import: the file has no values."))
        if count > _MOST_VALUES:
            return FieldError(
                tr("This field has {count} values; choose the field that contains the class.", count=thousands(count))
            )
        undecided = self._table.undecided()
        if undecided:
            return FieldError(
                tr("Choose a class, or leave unlabelled: {values}.", values=", ".join(undecided)), missing=True
            )
        if set(self._table.mapping().values()) == {LEAVE_OUT}:
            return FieldError(tr("Map at least one value to a class."), missing=True)
        return None

    # --- the answer

    def request(self) -> ImportLabelsRequest:
        """Return the answer; call it only after the dialog was accepted."""
        source = (self._source.path() or Path()).absolute()
        return ImportLabelsRequest(source, self._table.mapping(), self._attribute.currentData())


def _all_polygons(info: SourceInfo) -> SourceValue:
    counts = [sum(value.count for value in values) for values in info.attributes.values()]
    return SourceValue("", N_("all polygons"), max(counts, default=0), "")


def _facts(described: DescribedSource) -> str:
    """Return the content of a file in words, with hints in lines of their own."""
    info = described.info
    if info.kind == "mask":
        total = sum(value.count for value in info.values)
        values = len(info.values)
        text = tr(
            "A mask with %n values in {area}.", n=values, one="A mask with one value in {area}.", area=pixels(total)
        )
        hints = [_RESAMPLED] * described.resampled + [_SHIFTED] * info.may_be_shifted
        return "\n".join([text, *map(translated, hints)])
    count = _all_polygons(info).count
    if not count:
        return tr("Polygons without fields.")
    return tr("%n polygons.", n=count, one="One polygon.")
