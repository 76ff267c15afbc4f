"""Damages files of every kind that landseg reads, at random, thousands of times, and looks at what landseg makes of it.

Child processes read each damaged file as the program does. What may happen: it is as if the file were whole, or has
other content, or landseg says what is lost, or it refuses the file in one sentence. Anything else is a failure: another
exception, a crash, more than 20 s, more than 1 GB of memory, or labels of a project that are not those that were
painted, without a word about it.

    python scripts/fuzz_files.py --count 2000 --seed 1 --append FILE
    python scripts/fuzz_files.py --append FILE --report docs/reliability.md
    python scripts/fuzz_files.py --seed 1 --case 17        # one case, in this process, with its traceback
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from batches import add_record, batch_parser, records_in
from fuzz_cases import Kind, case, copy_kind
from fuzz_originals import make_originals
from fuzz_project import EARLIER, OTHER, TOLD, TOLD_WRITABLE, WHOLE
from report_section import write_section
from trial_children import FAILURE, Try, require_sentence, table, try_all

MOST_SECONDS = 20.0
REFUSED = "refused in one sentence"
RESULTS = (WHOLE, OTHER, EARLIER, TOLD, TOLD_WRITABLE, REFUSED, FAILURE)


class Trial:
    """Tries the cases of a seed in a folder of its own."""

    def __init__(self, originals: Path, home: Path, seed: int) -> None:
        self._originals, self._home, self._seed = originals, home, seed
        self._whole: dict[str, Any] = {}

    def __call__(self, number: int) -> tuple[str, str]:
        """Try one case; whatever is raised is a failure."""
        from landseg_core.errors import LandsegError

        item = case(self._originals, self._seed, number)
        whole = self._whole_of(item.kind)
        path = self._home / "case" / item.kind.opens
        with suppress(sqlite3.Error):  # what SQLite itself refuses to change stays as it is
            item.damaged(self._originals, self._home)
        try:
            result, sentence = item.kind.outcome(path, self._home, whole)
        except LandsegError as error:
            result, sentence = REFUSED, str(error)
        if sentence:
            require_sentence(sentence)
        return result, sentence.replace(f"{self._home}{os.sep}", "")

    def _whole_of(self, kind: Kind) -> Any:
        """Return what the undamaged files hold."""
        if kind.name not in self._whole:
            copy_kind(self._originals / kind.folder, self._home / "case")
            self._whole[kind.name] = kind.read(self._home / "case" / kind.opens, self._home)
        return self._whole[kind.name]


@contextmanager
def prepared(originals: Path, seed: int) -> Iterator[Try]:
    """Prepare a child: a folder of its own, with all that files refer to, and caches of its own."""
    with tempfile.TemporaryDirectory(prefix="fuzz", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            os.environ[name] = str(home / name.lower())
        (home / "xdg_data_home" / "landseg" / "backups").mkdir(parents=True)
        (home / "xdg_data_home" / "landseg" / "backups" / "case").symlink_to(home / "case")
        for file in originals.iterdir():
            (home / file.name).symlink_to(file)
        import torch

        torch.set_num_threads(1)
        yield Trial(originals, home, seed)


def run(seed: int, count: int, out: Path | None) -> int:
    """Try so many cases and return how many failed; each goes into `out` as a line of JSON."""
    failures = 0
    with tempfile.TemporaryDirectory(prefix="fuzz") as name:
        originals = Path(name)
        make_originals(originals)
        for number, outcome in try_all(partial(prepared, originals, seed), range(count), MOST_SECONDS):
            item = case(originals, seed, number)
            record = {"seed": seed, "number": number, "kind": item.kind.name, "damage": item.damage.__name__}
            record |= {"result": outcome.result, "sentence": outcome.sentence}
            record |= {"seconds": round(outcome.seconds, 2), "megabytes": outcome.memory // 10**6}
            if outcome.result == FAILURE:
                failures += 1
                print(record, flush=True)
            add_record(out, record)
    return failures


# The report

HEADING = "## Thousands of damaged files"
EXPLANATION = """
Files of every kind that landseg reads are damaged at random and read by a child process as the program reads them:
bytes overwritten, cut short, blocks zeroed and swapped; rows of the wrong type, columns and tables dropped; entries of
TIFF directories and chunks of PNGs changed; JSON with values of wrong types, missing and double keys, half characters,
huge numbers and endless nesting; numbers and words of texts replaced. Each may take 20 s of the processor and 1 GB.
Where landseg says nothing of a damaged project, the labels of all levels are compared with those that were painted.
Names and numbers beside the labels, and files without checksums, may come out as something else ("with other content").
Where the write-ahead log is damaged, SQLite takes the gestures up to there ("an earlier state, whole").
"""


def report(records: list[dict[str, Any]]) -> str:
    """Return what came out, as Markdown."""
    seeds = ", ".join(map(str, sorted({record["seed"] for record in records})))
    failed = [record for record in records if record["result"] == FAILURE]
    command = f"`python scripts/fuzz_files.py --count ... --seed ... --append FILE`, seeds {seeds}:"
    lines = [
        f"{command} {len(records)} cases, {len(failed)} failures.",
        "",
        *table(((record["kind"], record["result"]) for record in records), "kind of file", RESULTS),
        "",
        "By kind of damage:",
        "",
        *table(((record["damage"].replace("_", " "), record["result"]) for record in records), "damage", RESULTS),
        "",
        "What landseg said most often (numbers left out):",
        "",
        *sentences(records),
        *(f"- {record['seed']}/{record['number']}, {record['kind']}: {record['sentence']}" for record in failed),
    ]
    return "\n".join(lines)


def sentences(records: list[dict[str, Any]]) -> Iterator[str]:
    said = [record for record in records if record["result"] != FAILURE and record["sentence"]]
    counts = Counter((record["result"], re.sub(r"\d+", "N", record["sentence"])[:200]) for record in said)
    for (result, sentence), count in counts.most_common(30):
        yield f"- {count} x {result}: {sentence}"


def try_one(seed: int, number: int) -> None:
    """Try one case in this process and say all about it."""
    with tempfile.TemporaryDirectory(prefix="fuzz") as name:
        make_originals(Path(name))
        print(case(Path(name), seed, number))
        with prepared(Path(name), seed) as trial:
            print(trial(number))


def main() -> None:
    parser = batch_parser(__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--case", type=int, help="try only this one, in this process")
    options = parser.parse_args()
    if options.case is not None:
        try_one(options.seed, options.case)
    elif options.report is not None:
        records = records_in(options.append)
        write_section(options.report, "fuzz", HEADING, f"{EXPLANATION.strip()}\n\n{report(records)}")
    else:
        sys.exit(run(options.seed, options.count, options.append) > 0)


if __name__ == "__main__":
    main()
