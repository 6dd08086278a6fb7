"""OUT/report.html: the outcome of a dataset on one page. `python -m pipeline.report OUT` writes it again."""
