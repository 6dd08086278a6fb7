"""OUT/report.html: a dataset on one page. `python -m pipeline.report OUT` writes it again.

data, manifest, survey, cases       what OUT holds -> what is known of the dataset and of single images
pictures, drawing, decoder          the pictures of the page; only `decoder` decodes, in a child process
page                                the structure of the page, in plain values
verdict, tiles, sections, ...       what is known -> the parts of the page, which `compose` joins
render, templates                   the page -> its HTML
write, live                         at the end of a run, and during one
"""
