"""The networks, their catalogue and the model file."""
