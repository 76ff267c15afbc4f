"""What the assistant computes of the image in the view, in threads of its own."""
