"""The U-Net, its catalogue and its file."""
