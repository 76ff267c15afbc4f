"""The jobs: all of them in a panel, the one that runs in the status bar."""
