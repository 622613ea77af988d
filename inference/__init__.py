"""The runtime of SkinClinic's network, as a plain library.

No Django, no database, no settings and no torch: NumPy, Pillow and ONNX Runtime only.
"""
