"""OUT/report.html: what became of a dataset, on one page, made again by `python -m pipeline.report OUT`."""
