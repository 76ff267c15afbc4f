"""The jobs of landseg: their options and how they run, for the command line and the window alike."""
