"""`python -m landseg_core.cli` is `landseg`."""

from landseg_core.cli.main import main

main()
