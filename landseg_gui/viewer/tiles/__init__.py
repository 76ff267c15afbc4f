"""The tiles of each layer: chosen, loaded, coloured and laid out."""
