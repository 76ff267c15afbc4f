"""The jobs of landseg: what each is asked, and how it is done, for the command line and the window alike."""
