"""Reports on verdicts: what the database and the evidence folder hold, as text, JSON, HTML and PDF.

`report_data` collects what a report says, `page` makes HTML of it, `text` plain text, `pdf` a PDF, `index` a page about many,
`timeline` the plots, and `bundle` the file that is handed on. The sentences are those of `wording`.
"""
