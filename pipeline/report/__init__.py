"""OUT/report.html: a dataset on one page. `python -m pipeline.report OUT` rewrites it.

data, manifest, survey, cases       the files in OUT -> data about the dataset and single images
pictures, drawing, decoder          the pictures of the page; only `decoder` decodes, in a child process
page                                the structure of the page, in plain values
verdict, tiles, sections, ...       the data -> the parts of the page, which `compose` joins
render, templates                   the page -> its HTML
write, live                         at the end of a run, and during a run
"""
