"""The Beam transforms of the program, around the pure core `transforms.imaging`.

This file imports nothing, so that the core can be loaded without Beam.
"""
