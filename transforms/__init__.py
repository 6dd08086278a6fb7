"""The Beam shell of the program, one transform a file, around the pure core `transforms.imaging`.

This file imports nothing: the core loads without Beam.
"""
