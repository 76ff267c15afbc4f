from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.runs import evaluation_record, write_evaluation, write_run, write_samples

from landseg_core.errors import OutputError, TrainingError
from landseg_core.events import Event, Notice
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.report import images, row_shares, save_report, write_report

NASTY = '<script>alert("1")</script>'
NASTY_STEM = '"><img src=http://x.example/y onerror=alert(1)>'


class Page(HTMLParser):
    """What a browser would see of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\N{NO-BREAK SPACE}", " ").split())


def page(folder: Path) -> Page:
    return Page(write_report(folder).read_text(encoding="utf-8"))


def external_references(text: str) -> list[str]:
    """Return what a browser would fetch from elsewhere to show `text`."""
    loading = {"src", "href", "xlink:href", "srcset", "data", "poster", "action", "background", "formaction"}
    found = [
        f"{tag} {name}={value}"
        for tag, attributes in Page(text).tags
        for name, value in attributes.items()
        if name in loading and not (value or "").startswith(("data:image/", "#"))
    ]
    found += [tag for tag, _ in Page(text).tags if tag in {"script", "link", "iframe", "object", "embed", "base"}]
    return found + re.findall(r"url\s*\(|@import|https?://\S+", text)


@pytest.fixture
def whole_run(tmp_path: Path) -> Path:
    folder = write_run(tmp_path / "run")
    write_evaluation(folder, warnings=["road is never validated"])
    write_samples(folder)
    return folder


def test_the_checker_finds_what_it_looks_for() -> None:
    page = '<link href="a.css"><img src="b.png"><style>@import "c"; x { background: url(d) }</style>'
    assert len(external_references(page)) == 5


def test_the_page_opens_without_a_network(whole_run: Path) -> None:
    text = write_report(whole_run).read_text(encoding="utf-8")
    assert external_references(text) == []
    assert text.count("data:image/") == 9


def test_it_has_metrics_with_intervals_and_warnings(whole_run: Path) -> None:
    text = page(whole_run).text
    for words in (
        "76.5 %",
        "95 % interval 70.1–83.3 %",
        "87.5 %",
        "95 % interval 81.1–92.2 %",
        "road is never validated",
        "200 labelled pixels in 5 blocks of 64 px",
        "finished after 6 min 40 s",
        "mind the gap",
        "Where the model does best",
        "Where it does worst",
        "accuracy 50.0 % · mIoU 25.0 %",
        "batch 2",
    ):
        assert words in text, words


def test_the_confusion_matrix_shows_counts_and_shares_of_the_truth(whole_run: Path) -> None:
    assert "90.0 % 90 10.0 % 10 water 15.0 % 15 85.0 % 85" in page(whole_run).text
    assert row_shares(((1, 3), (0, 0))) == [[0.25, 0.75], [None, None]]


def test_images_are_counted_in_words() -> None:
    assert [images(number) for number in (1, 2, None)] == ["1 image", "2 images", "– images"]


def test_settings_are_explained(whole_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from landseg_core.runs.config import TrainConfig

    monkeypatch.setattr(TrainConfig.model_fields["batch"], "description", "Chips that one step learns from")
    assert "batch 2 Chips that one step learns from" in page(whole_run).text


def test_names_are_text_and_never_markup(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run<b>", model=NASTY)
    classes = evaluation_record()["classes"]
    classes[0]["name"] = NASTY
    images = [{"stem": NASTY_STEM, "pixels": 1, "accuracy": 0.5, "miou": 0.5}]
    write_evaluation(folder, classes=classes, warnings=[NASTY], images=images)
    write_samples(folder, NASTY_STEM)
    shown = page(folder)
    tags = {tag for tag, _ in shown.tags}
    assert not tags & {"script", "b"}
    assert not any(name.startswith("on") for _, attributes in shown.tags for name in attributes)
    assert all((attributes["src"] or "").startswith("data:") for tag, attributes in shown.tags if tag == "img")
    assert NASTY in shown.text
    assert NASTY_STEM in shown.text


def test_images_have_alternative_texts(whole_run: Path) -> None:
    shown = page(whole_run)
    assert all(attributes.get("alt") for tag, attributes in shown.tags if tag == "img")
    assert all(attributes.get("aria-label") for tag, attributes in shown.tags if tag == "svg")
    assert dict(shown.tags)["html"] == {"lang": "en"}


def test_without_an_epoch_there_are_no_metrics(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", epochs=0, end="stopped")
    shown = page(folder).text
    assert "Not validated" in shown
    assert "stopped early by the user" in shown
    assert "Course of the run Loss" in shown
    assert "Accuracy" not in shown
    assert "mIoU" not in shown
    assert " %" not in shown


def test_without_an_evaluation_the_log_has_the_metrics_of_the_best_epoch(tmp_path: Path) -> None:
    shown = page(write_run(tmp_path / "run", end=None)).text
    assert "mIoU 60.0 % no interval" in shown
    assert "Metrics of the model of epoch 2" in shown
    assert "it is under way, or was cut short" in shown


@pytest.mark.parametrize("name", ["config", "evaluation", "samples", "environment"])
def test_a_damaged_file_is_one_sentence_and_the_old_report_stays(whole_run: Path, name: str) -> None:
    before = write_report(whole_run).read_bytes()
    damaged: Path = getattr(RunFolder(whole_run), name)
    damaged.write_text('{"epoch": ')
    with pytest.raises(TrainingError, match=rf"{damaged.name} .*; delete") as error:
        write_report(whole_run)
    assert "\n" not in str(error.value)
    assert RunFolder(whole_run).report.read_bytes() == before


def test_a_sample_that_would_be_loaded_from_elsewhere_is_refused(whole_run: Path) -> None:
    samples = RunFolder(whole_run).samples
    samples.write_text(samples.read_text().replace("data:image/jpeg;base64,", "http://x.example/"))
    with pytest.raises(TrainingError, match=r"samples\.json cannot be used"):
        write_report(whole_run)


def test_a_run_does_not_fail_for_its_report(whole_run: Path) -> None:
    RunFolder(whole_run).evaluation.write_text("{")
    events: list[Event] = []
    save_report(whole_run, events.append)
    (notice,) = events
    assert isinstance(notice, Notice)
    assert re.match(r"the run has no report: .*evaluation\.json cannot be used", notice.message)
    RunFolder(whole_run).evaluation.unlink()
    save_report(whole_run, events.append)
    assert len(events) == 1


def test_a_report_that_cannot_be_written(whole_run: Path) -> None:
    RunFolder(whole_run).report.mkdir()
    with pytest.raises(OutputError, match=r"report\.html"):
        write_report(whole_run)
