"""The daemon: what lands in watched folders is listed, queued and dispatched. Also the parts that `scan` and the pages share."""
