"""Segmenting by clicks, with a model that the user has: an encoder and a decoder as ONNX files."""
