"""`python -m landseg_gui`: the window."""

import sys

from landseg_gui.app import main

sys.exit(main())
