"""Annotations in the formats of Open Images: classes, their hierarchy, and boxes.

classes    the names of classes, and what the user calls them
hierarchy  the ancestors of classes
boxes      files of boxes -> the boxes of each image
objects    the boxes of a source -> those of its outputs
"""
