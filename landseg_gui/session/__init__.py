"""What the window works on: images, layers, the project, its saving and its life cycle."""
