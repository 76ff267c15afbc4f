"""Models as ONNX files and graphs."""
