"""A database with a million verdicts: filled in bulk by statements of its own, not through the chain's one writer.

The rows fit together as the program's do: contents, paths, jobs, analyses, verdicts and findings. Hashes are hashes of
a number, so the chain does not verify. Texts are shorter than real ones: a verdict's is 0.3 kB, not 5 to 20.
"""

import hashlib
import json
import sqlite3

from sqlalchemy import Connection, Engine, Index, text

from forensics.store import indexes, migrate
from forensics.store.database import connect, is_sqlite, writer
from forensics.store.models import Table

from .clips import cache_dir
from .report import say

FILLING = 2  # counts the changes to what is filled in
PAYLOAD = json.dumps({"coverage": {"duration_s": 13.0, "frames_asked": 20}, "findings": [], "n": 0})
SERIES = {
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < :rows)",
    "postgresql": "WITH s(n) AS (SELECT * FROM generate_series(1, :rows))",
}
HASH = {
    "sqlite": "digest({})",
    "postgresql": "encode(sha256(CAST(CAST({} AS text) AS bytea)), 'hex')",
}
MOMENT = {  # a file every 30 s, up to now
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', 'now', '-' || ((:rows - n) * 30) || ' seconds')",
    "postgresql": "now() - (:rows - n) * interval '30 seconds'",
}
BYTES = {"sqlite": "CAST({} AS blob)", "postgresql": "CAST({} AS bytea)"}
PATH = "'/evidence/case-' || (n / 40) || '/camera-' || (n % 7) || '/clip-' || n || '.mp4'"
LABEL = (
    "CASE WHEN n % 100 < 8 THEN 'fake' WHEN n % 100 < 70 THEN 'real' "
    "WHEN n % 100 < 92 THEN 'inconclusive' ELSE 'not_assessed' END"
)
REASON = (
    "CASE WHEN n % 100 < 70 THEN NULL WHEN n % 100 < 92 THEN 'near_threshold' ELSE 'no_face' END"
)
FAILED = "n % 50 = 49"  # no verdict
REPLACED = "n % 30 = 11"  # rewritten since: not a current path
SECOND = "n % 2 = 0"  # seen by a second detector as well
RARE = "n % 20000 = 7"  # seen by a third one

STATEMENTS = (
    """INSERT INTO pipeline (id, hash, description, default_since, created_at)
       SELECT n, {hash:'p' || n}, '{{"detectors": []}}', {moment}, {moment} FROM s""",
    """INSERT INTO media (id, sha256, size_bytes, first_seen_at, verdict_id)
       SELECT n, {hash:n}, 1000000 + n, {moment}, NULL FROM s""",
    """INSERT INTO sighting (id, path_key, path_hash, path, size_bytes, mtime_ns, inode, seen_at, is_current,
       gone_at, case_name, media_id)
       SELECT n, {bytes:{path}}, {hash:{path}}, {path}, 1000000 + n, n, n, {moment}, NOT ({replaced}),
       CASE WHEN {replaced} THEN {moment} END, CASE WHEN n % 3 = 0 THEN 'case-' || (n / 40) END, n FROM s""",
    "INSERT INTO analysis (id, media_id, pipeline_id, created_at) SELECT n, n, 1 + n % 2, {moment} FROM s",
    """INSERT INTO verdict (id, analysis_id, label, reason, fake, log10_lr, created_at, payload, hash, previous_hash)
       SELECT n, n, {label}, {reason}, (n % 1000) / 1000.0, NULL, {moment}, :payload, {hash:'v' || n},
       {hash:'v' || (n - 1)} FROM s WHERE NOT ({failed})""",
    "UPDATE media SET verdict_id = id WHERE id IN (SELECT id FROM verdict)",
    """INSERT INTO finding (verdict_id, detector, version, outcome, seconds, message, evidence)
       SELECT n, 'efficientnet-lstm', '0.1', 'scored', 0.2, '', '{{"tracks": []}}' FROM s WHERE NOT ({failed})""",
    """INSERT INTO finding (verdict_id, detector, version, outcome, seconds, message, evidence)
       SELECT n, 'resnext-lstm', '0.1', 'scored', 0.5, '', '{{"tracks": []}}' FROM s
       WHERE NOT ({failed}) AND {second}""",
    """INSERT INTO finding (verdict_id, detector, version, outcome, seconds, message, evidence)
       SELECT n, 'rare', '0.1', 'scored', 0.5, '', '{{"tracks": []}}' FROM s WHERE NOT ({failed}) AND {rare}""",
    """INSERT INTO job (id, sighting_id, state, priority, parameters, is_default, attempts, interruptions, created_at,
       updated_at, not_before, started_at, finished_at, error, error_message, analysis_id, verdict_id)
       SELECT n, n, CASE WHEN {failed} THEN 'failed' ELSE 'done' END, 0, '{{}}', {true}, 0, 0, {moment}, {moment},
       {moment}, {moment}, {moment}, CASE WHEN {failed} THEN 'undecodable' END, NULL, n,
       CASE WHEN NOT ({failed}) THEN n END FROM s""",
)


def sqlite_with(rows: int) -> Engine:
    """Return a filled SQLite database; kept in the cache folder, upgraded if the schema went on."""
    file = cache_dir() / f"{rows}-rows-{FILLING}.sqlite3"
    if not file.exists():
        begun = file.with_suffix(".begun")
        begun.unlink(missing_ok=True)
        engine = connect(f"sqlite:///{begun}")
        fill(engine, rows)
        engine.dispose()
        begun.rename(file)
    engine = connect(f"sqlite:///{file}")
    migrate.upgrade(engine)
    for backup in file.parent.glob(f"{file.name}.*.bak"):
        backup.unlink()
    return engine


def fill(engine: Engine, rows: int) -> None:
    """Make the schema in an empty database and fill it."""
    say(f"filling {engine.dialect.name} with {rows:,} verdicts (some minutes for a million)")
    migrate.upgrade(engine)
    with writer(engine).connect() as connection:
        prepare(connection)
        with connection.begin():
            every = droppable()
            for index in every:
                index.drop(connection)
            for statement in STATEMENTS:
                few = "INTO pipeline" in statement
                values = {"rows": 2 if few else rows, "payload": PAYLOAD.ljust(300)}
                run(connection, statement, values)
            for index in every:
                index.create(connection)
    settle(engine)


def droppable() -> list[Index]:
    """Return all indexes that are no constraint; to make them at the end is quicker than to keep them up to date."""
    kept = {id(index): index for index in indexes.INDEXES}
    for table in Table.metadata.tables.values():
        kept |= {id(index): index for index in table.indexes}
    return list(kept.values())


def prepare(connection: Connection) -> None:
    """Give a connection what filling needs."""
    driver = connection.connection.dbapi_connection
    if isinstance(driver, sqlite3.Connection):
        driver.create_function("digest", 1, digest, deterministic=True)
        driver.execute("PRAGMA cache_size = -2000000")
        driver.execute("PRAGMA foreign_keys = OFF")
        return
    connection.execute(
        text("SET session_replication_role = replica")
    )  # no foreign keys are checked
    connection.execute(text("SET maintenance_work_mem = '512MB'"))
    connection.commit()


def run(connection: Connection, statement: str, values: dict[str, object]) -> None:
    """Run one statement in the database's own words."""
    kind = connection.dialect.name
    sql = statement.replace("{path}", PATH)
    for name, how in (("hash", HASH[kind]), ("bytes", BYTES[kind])):
        while (start := sql.find(f"{{{name}:")) >= 0:
            end = sql.index("}", start)
            sql = sql[:start] + how.format(sql[start + len(name) + 2 : end]) + sql[end + 1 :]
    words = {
        "moment": MOMENT[kind], "label": LABEL, "reason": REASON, "failed": FAILED, "replaced": REPLACED,
        "second": SECOND, "rare": RARE, "true": "1" if kind == "sqlite" else "true",
    }  # fmt: skip
    for name, word in words.items():
        sql = sql.replace(f"{{{name}}}", word)
    sql = sql.replace("{{", "{").replace("}}", "}")
    if " FROM s" in sql:
        head, tail = sql.split("SELECT", 1)
        sql = f"{head} {SERIES[kind]} SELECT {tail}"
    parameters = {name: values[name] for name in values if f":{name}" in sql}
    connection.execute(text(sql.replace('": []', '"\\: []')), parameters)


def digest(value: object) -> str:
    """Return the SHA-256 of a value's text."""
    return hashlib.sha256(str(value).encode()).hexdigest()


def settle(engine: Engine) -> None:
    """Do what a database does by and by: numbers go on after those given, statistics are taken."""
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        if is_sqlite(engine):
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            return
        for table in ("pipeline", "media", "sighting", "analysis", "verdict", "job"):
            connection.execute(
                text(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")  # noqa: S608  names of ours
            )
        connection.execute(text("VACUUM ANALYZE"))
