"""The pages: upload, follow, read and review. Started by `forensics web`; extra `web`.

Uploads go into a watched folder like everything else, and every page is made from the database alone. Pictures, the
player's file and the report have addresses of their own, so that no page waits for decoding.

    GET  /                                  upload form (fields: csrf, files, frames, detectors, case, note), newest results
    POST /uploads                           multipart; 303 to /jobs, or JSON {"location"|"errors"} for `Accept: application/json`
    GET  /jobs?ids=1,2                      what becomes of several uploads, live
    GET  /jobs/state?ids=1,2                JSON list of their states
    GET  /jobs/{job}                        one job, live; 303 to its verdict once there is one; a failure with its next step
    GET  /jobs/{job}/state                  JSON {"id", "state", "ahead", "since_s", "verdict_id", "label", "error", "location"}
    POST /jobs/{job}/retry                  form (csrf): a failed job is queued once more; 303 to it
    GET  /results                           list: label state since path detector case after (a result's key)
    GET  /results.csv                       the same filters, every row
    GET  /search?q=                         a verdict's number, a SHA-256 or 8 digits of it, or a path; 303 to what it finds
    POST /search                            multipart (csrf, file): by the bytes of a file, which is not kept
    GET  /verdicts/{id}                     the result
    GET  /verdicts/{id}.json                the same as `forensics show --json`
    GET  /verdicts/{id}/report              the self-contained report
    GET  /verdicts/{id}/media               the file as received, with ranges
    GET  /verdicts/{id}/proxy               JSON of `proxy.Copy` (state ready, making, failed; share; message): begins its making
    GET  /verdicts/{id}/proxy.webm          a copy that browsers play (of a still a JPEG), with ranges; 202 until it is ready
    GET  /verdicts/{id}/pictures            JSON {"frames": [times], "faces": [...], "lacking": sentence or null}
    GET  /verdicts/{id}/frames/{n}.jpg      the n-th sampled frame, from 0, in the order of /pictures
    GET  /verdicts/{id}/faces/{n}.jpg       the n-th face crop, from 0, in the order of /pictures
    GET  /verdicts/{id}/maps/{n}.jpg        the same with what the network responded to laid over it; ?detector=NAME
    GET  /verdicts/{id}/artifacts/{sha256}  what a detector left as evidence, as a download
    POST /verdicts/{id}/words               form (csrf, kind=note|review, examiner, text); 303 back
    GET  /status                            queue and health
    GET  /static/...                        style.css, pages.js, upload.js, player.js

`_player.html` takes `player`, what `player.player` makes of a verdict, and brings its own style and script. An element with
`data-seek="12.3"` (or `data-time-s`, or the timeline's `data-time`) asks the player for that moment when it is clicked or pressed.
"""
