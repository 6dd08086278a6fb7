"""Annotations in the formats of Open Images: lists of images, boxes, labels, classes and their hierarchy.

classes     the names of classes, and classes that a user names
hierarchy   the ancestors of classes
tables      the columns of a table
readers     the rows of tables
values      the content of a row, and its form in the shuffle
rows        the tables in the graph
join        the annotations of a shard's sources
select      which images are selected
objects     the annotations of an output
counts      the number of annotations
"""
