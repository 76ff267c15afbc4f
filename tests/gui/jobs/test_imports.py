from __future__ import annotations

import gc
import sys
import weakref

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


def test_what_nobody_needs_any_more_is_freed_after_a_further_import(tmp_path, monkeypatch) -> None:
    class Closed:
        def __init__(self) -> None:
            self.itself = self

    (tmp_path / "known_library.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    import_undisturbed("known_library")
    gc.collect()
    layer = weakref.ref(Closed())
    import_undisturbed("known_library")
    del sys.modules["known_library"]
    gc.collect()
    assert layer() is None
