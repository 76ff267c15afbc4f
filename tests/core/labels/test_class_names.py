"""What classes may be called, and where that is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from landseg_core.errors import ClassSchemaError, ProjectError
from landseg_core.labels.class_draft import ClassDraft
from landseg_core.labels.class_names import MOST_LETTERS, name_problem
from landseg_core.labels.classes import ClassSchema, LandClass, load_classes
from landseg_core.project.check import check_project, notes_on
from landseg_core.project.project import Project

ACUTE = "\N{COMBINING ACUTE ACCENT}"
BAD = [
    (["land", ""], "empty"),
    (["land", " \N{ZERO WIDTH SPACE}"], "empty"),
    (["a\nb"], "line break or a control character"),
    (["a\N{LINE SEPARATOR}b"], "line break"),
    (["a\x1b[2J"], "control character"),
    (["a\N{RIGHT-TO-LEFT OVERRIDE}b"], "control character"),
    (["x" * (MOST_LETTERS + 1)], "longer than 80 characters"),
    (["land", "land"], "two classes are called land"),
    (["land", " land "], "two classes are called land"),
    (["Water", "wATER"], "Water and wATER look alike"),
    (["Straße", "STRASSE"], "look alike"),
    (["Caf\N{LATIN SMALL LETTER E WITH ACUTE}", f"CAFE{ACUTE}"], "look alike"),
    (["bare soil", "bare  soil"], "look alike"),
]


def schema_of(names: list[str]) -> ClassSchema:
    return ClassSchema(classes=tuple(LandClass(value=n, name=name, colour="#00ff00") for n, name in enumerate(names)))


@pytest.mark.parametrize(("names", "problem"), BAD)
def test_a_name_that_none_may_have(names: list[str], problem: str) -> None:
    assert problem in (name_problem(names) or "")
    assert name_problem(names, kept=names) is None or names.count("land") > 1


def test_names_that_are_fine() -> None:
    assert name_problem(["R&D", "<b>x</b>", "水", "naïve", " land ", "🌲", "land-2", "land 2"]) is None
    assert name_problem(["x" * MOST_LETTERS]) is None


def test_only_the_new_name_is_at_fault() -> None:
    assert name_problem(["Water", "water", "land"], kept=("Water", "water")) is None
    assert "Water and WATER" in (name_problem(["WATER", "Water"], kept=("Water",)) or "")


@pytest.mark.parametrize("name", ["", "  ", "a\tb", "WATER", "x" * 81])
def test_an_edited_class_needs_a_good_name(name: str) -> None:
    draft = ClassDraft.of(schema_of(["land", "water"]))
    for edited in (draft.changed(0, name=name), draft.added(name or " ")):
        with pytest.raises(ClassSchemaError, match="; choose another name"):
            edited.schema()


def test_a_new_name_is_trimmed() -> None:
    draft = ClassDraft.of(schema_of(["land"])).changed(0, name=" bare\N{NO-BREAK SPACE}soil\n")
    assert draft.schema().names == ("bare\N{NO-BREAK SPACE}soil",)


def test_classes_that_a_preset_writes_otherwise_are_the_same() -> None:
    draft = ClassDraft.of(schema_of(["Water"])).merged(schema_of(["water", "land"]))
    assert draft.schema().names == ("Water", "land")


@pytest.mark.parametrize("names", [["Water", "water"], ["a\nb"], ["a\x1b[2J"]])
def test_a_class_file_for_something_new(names: list[str], tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    path.write_text(schema_of(names).to_json())
    with pytest.raises(ClassSchemaError, match="choose another name") as failure:
        load_classes(path)
    assert str(path) in str(failure.value)
    with pytest.raises(ProjectError, match="choose another name"):
        Project.create(tmp_path / "p.landseg", schema_of(names))
    assert not (tmp_path / "p.landseg").exists()


def test_a_project_with_older_names_opens_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "p.landseg"
    older = schema_of(["Water", "water", "a\nb"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("landseg_core.project.storage.database_file.name_problem", lambda _names: None)
        Project.create(path, older).close()
    assert check_project(path) == []
    told = notes_on(path)
    with Project.open(path) as project:
        assert project.schema == older
        assert project.read_only_reason is None
        assert list(project.notices) == told
        assert [("Water and water" in sentence) for sentence in told] == [True]
        recoloured = ClassDraft.of(older).changed(0, colour="#0000ff").schema()
        project.change_schema(recoloured, "Recolour")
        with pytest.raises(ProjectError, match=r"the classes were not changed: .*WATER.*; choose another name"):
            project.change_schema(schema_of(["Water", "WATER", "a\nb"]), "Rename")
        assert project.schema == recoloured
        project.change_schema(schema_of(["Water", "lake", "land"]), "Rename")
        assert project.notices == ()
    assert json.loads(recoloured.to_json())["classes"][2]["name"] == "a\nb"
