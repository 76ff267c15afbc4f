from __future__ import annotations

import gc
import sys

import pytest

from landseg_gui.jobs.imports import import_undisturbed


def test_the_module_comes_back_and_the_collector_works_again(tmp_path, monkeypatch) -> None:
    (tmp_path / "large_library.py").write_text("import gc\nresting = not gc.isenabled()\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = import_undisturbed("large_library")
    assert module is sys.modules.pop("large_library")
    assert module.resting
    assert gc.isenabled()


def test_the_collector_works_again_after_a_failure() -> None:
    with pytest.raises(ModuleNotFoundError):
        import_undisturbed("no_such_library")
    assert gc.isenabled()
