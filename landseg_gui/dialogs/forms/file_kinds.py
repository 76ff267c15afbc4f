"""The kinds of files that dialogs offer, as name filters of Qt."""

from __future__ import annotations

from landseg_core.messages import N_

IMAGES = N_("Images (*.tif *.tiff *.vrt *.jpg *.jpeg *.png *.jp2);;All files (*)")
CLASS_FILES = N_("Class files (*.json);;All files (*)")
MODELS = N_("Models (*.safetensors);;All files (*)")
ONNX_FILES = N_("ONNX models (*.onnx);;All files (*)")
TEXT_FILES = N_("Text files (*.txt *.csv);;All files (*)")
PROJECTS = N_("Projects (*.landseg)")
