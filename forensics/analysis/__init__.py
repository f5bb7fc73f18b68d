"""One file to one verdict: `analyse` on one page, `fusion` of findings, `messages` to and from workers."""
