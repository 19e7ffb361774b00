-- The embedded database. Tables may change with any version of the pipeline; the views at the end do not.
-- Times are text (RFC 3339, UTC, milliseconds) where people read them and integers (milliseconds since 1970) where
-- the loops compare them.

CREATE TABLE IF NOT EXISTS events (
    tenant TEXT NOT NULL, source TEXT NOT NULL, key TEXT NOT NULL,
    conversation TEXT NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL, received TEXT NOT NULL,
    raw_format TEXT, raw BLOB,
    PRIMARY KEY (tenant, source, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS events_of_call ON events (tenant, source, conversation);

CREATE TABLE IF NOT EXISTS work (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL, source TEXT NOT NULL, conversation TEXT NOT NULL,
    vendor TEXT NOT NULL, reference TEXT NOT NULL, cause TEXT NOT NULL, facts TEXT, receipts TEXT NOT NULL,
    generation INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN ('due', 'leased', 'done')),
    due INTEGER NOT NULL, lease TEXT, lease_until INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0, trouble TEXT, first_seen TEXT NOT NULL, waiting_since TEXT NOT NULL,
    UNIQUE (tenant, source, conversation)
);
CREATE INDEX IF NOT EXISTS work_due ON work (due) WHERE state = 'due';
CREATE INDEX IF NOT EXISTS work_leased ON work (lease_until) WHERE state = 'leased';
CREATE INDEX IF NOT EXISTS work_open ON work (tenant, source, conversation) WHERE state <> 'done';

-- The document comes last: whoever asks for something else need not read past it.
CREATE TABLE IF NOT EXISTS calls (
    tenant TEXT NOT NULL, source TEXT NOT NULL, conversation TEXT NOT NULL,
    version INTEGER NOT NULL, media TEXT NOT NULL, prefix TEXT NOT NULL,
    vendor TEXT NOT NULL, direction TEXT NOT NULL, started TEXT, ended TEXT, duration_s REAL, agents TEXT NOT NULL,
    first_seen TEXT NOT NULL, stored TEXT NOT NULL, updated TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (tenant, source, conversation)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS calls_by_start ON calls (started);

-- What a comparison has to know of a stored call, in one narrow row: a million of them are looked up every night. `legs`
-- is a list of [id, time of its revision, fingerprint].
CREATE TABLE IF NOT EXISTS versions (
    tenant TEXT NOT NULL, source TEXT NOT NULL, conversation TEXT NOT NULL,
    media TEXT NOT NULL, recordings INTEGER NOT NULL, audio_s REAL, legs TEXT NOT NULL,
    PRIMARY KEY (tenant, source, conversation)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS recordings (
    tenant TEXT NOT NULL, source TEXT NOT NULL, conversation TEXT NOT NULL, recording TEXT NOT NULL,
    description TEXT NOT NULL, kind TEXT NOT NULL, media_type TEXT, length_s REAL,
    sha256 TEXT NOT NULL, size INTEGER NOT NULL, object TEXT NOT NULL, stored TEXT NOT NULL, resumed INTEGER NOT NULL,
    PRIMARY KEY (tenant, source, conversation, recording)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS aliases (
    tenant TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, source TEXT NOT NULL, conversation TEXT NOT NULL,
    PRIMARY KEY (tenant, kind, value, source, conversation)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS outbox (
    key TEXT PRIMARY KEY, tenant TEXT NOT NULL, source TEXT NOT NULL, conversation TEXT NOT NULL,
    message TEXT NOT NULL, created TEXT NOT NULL, published TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (tenant, source, conversation) WHERE published IS NULL;

CREATE TABLE IF NOT EXISTS analysis (
    position INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, message TEXT NOT NULL, queued TEXT NOT NULL,
    taken_until INTEGER, taken INTEGER NOT NULL DEFAULT 0, done TEXT
);
CREATE INDEX IF NOT EXISTS analysis_waiting ON analysis (position) WHERE done IS NULL;

CREATE TABLE IF NOT EXISTS dead_letters (
    id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, source TEXT NOT NULL, conversation TEXT,
    what TEXT NOT NULL, reason TEXT NOT NULL, place TEXT, detail TEXT NOT NULL, received TEXT NOT NULL,
    receipt TEXT, settled TEXT, raw_format TEXT, raw BLOB
);
CREATE UNIQUE INDEX IF NOT EXISTS dead_letters_once ON dead_letters (tenant, source, receipt) WHERE receipt IS NOT NULL;
CREATE INDEX IF NOT EXISTS dead_letters_of_source ON dead_letters (tenant, source, what);
CREATE INDEX IF NOT EXISTS dead_letters_unsettled ON dead_letters (id) WHERE receipt IS NOT NULL AND settled IS NULL;

CREATE TABLE IF NOT EXISTS gaps (
    tenant TEXT NOT NULL, source TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL, why TEXT NOT NULL,
    PRIMARY KEY (tenant, source, since, until)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS runs (
    tenant TEXT NOT NULL, source TEXT NOT NULL, name TEXT NOT NULL, mode TEXT NOT NULL,
    since TEXT NOT NULL, until TEXT NOT NULL, began TEXT NOT NULL, resume TEXT, reached TEXT NOT NULL, report TEXT NOT NULL,
    ended TEXT,
    PRIMARY KEY (tenant, source, name, began)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_by_mode ON runs (tenant, source, mode, began);

-- Sound of calls that go on. `file` lies below the spool directory, until it is removed.
CREATE TABLE IF NOT EXISTS live (
    tenant TEXT NOT NULL, source TEXT NOT NULL, session TEXT NOT NULL, conversation TEXT NOT NULL, began TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'waiting', 'matched', 'empty', 'unmatched', 'dropped')),
    file TEXT, ended TEXT, samples INTEGER NOT NULL, rate INTEGER NOT NULL, speakers TEXT NOT NULL,
    lost INTEGER NOT NULL, whole INTEGER NOT NULL, parts TEXT NOT NULL, matched TEXT, updated TEXT NOT NULL,
    PRIMARY KEY (tenant, source, session)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS live_of_call ON live (tenant, source, conversation);
CREATE INDEX IF NOT EXISTS live_kept ON live (tenant, source, state) WHERE file IS NOT NULL;

CREATE TABLE IF NOT EXISTS cursors (
    tenant TEXT NOT NULL, source TEXT NOT NULL, cursor TEXT NOT NULL, PRIMARY KEY (tenant, source)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS ledger (
    tenant TEXT NOT NULL, source TEXT NOT NULL, key TEXT NOT NULL, touched INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (tenant, source, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ledger_by_age ON ledger (tenant, source, touched);

-- Who somebody is in a tenant. Nobody is ever deleted: old calls name them, and they may come back.
CREATE TABLE IF NOT EXISTS people (
    tenant TEXT NOT NULL, person TEXT NOT NULL, name TEXT, analyse INTEGER NOT NULL, stopped TEXT,
    PRIMARY KEY (tenant, person)
) WITHOUT ROWID;

-- Who somebody is at a source (`agent`), since when no longer (`until`), and who said so.
CREATE TABLE IF NOT EXISTS memberships (
    number INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL, person TEXT NOT NULL, source TEXT NOT NULL, agent TEXT NOT NULL,
    came TEXT NOT NULL CHECK (came IN ('import', 'sync')),
    until TEXT, ended_by TEXT CHECK (ended_by IN ('import', 'sync'))
);
CREATE INDEX IF NOT EXISTS memberships_of_source ON memberships (tenant, source);
CREATE INDEX IF NOT EXISTS memberships_of_person ON memberships (tenant, person);

-- One row, which counts the changes of people.
CREATE TABLE IF NOT EXISTS people_changes (one INTEGER PRIMARY KEY CHECK (one = 1), changes INTEGER NOT NULL);

-- A promise: columns are added at most, never renamed, moved or removed. See the pipeline's README.
CREATE VIEW IF NOT EXISTS calls_v1 AS
    SELECT tenant, source, vendor, conversation, version, direction, started, ended, duration_s, agents, media,
           (SELECT count(*) FROM recordings r WHERE (r.tenant, r.source, r.conversation) = (c.tenant, c.source, c.conversation))
               AS recordings,
           stored, updated
    FROM calls c;

CREATE VIEW IF NOT EXISTS documents_v1 AS
    SELECT tenant, source, conversation, version, document FROM calls;

CREATE VIEW IF NOT EXISTS recordings_v1 AS
    SELECT tenant, source, conversation, recording, sha256, size, object, kind, media_type, length_s, stored FROM recordings;

CREATE VIEW IF NOT EXISTS dead_letters_v1 AS
    SELECT id, tenant, source, conversation, what, reason, place, detail, received, settled FROM dead_letters;

CREATE VIEW IF NOT EXISTS people_v1 AS
    SELECT p.tenant, p.person, p.name, p.analyse, m.source, m.agent ->> '$.who.id' AS id,
           m.agent ->> '$.who.login' AS login, m.agent ->> '$.who.email' AS email,
           (SELECT group_concat(value, ', ') FROM json_each(m.agent, '$.groups')) AS groups,
           m.agent ->> '$.state' AS state, m.until, m.came
    FROM people p LEFT JOIN memberships m USING (tenant, person);

CREATE VIEW IF NOT EXISTS runs_v1 AS
    SELECT tenant, source, name, mode, since AS "from", until AS "to", began, ended, reached,
           report ->> 'compared' AS compared, report ->> 'detected' AS detected, report ->> 'changed' AS changed,
           report ->> 'missing_recording' AS missing_recording, report ->> 'duration_mismatch' AS duration_mismatch,
           report ->> 'rejected' AS rejected, report ->> 'left_alone' AS left_alone, report ->> 'recovered' AS recovered,
           report ->> 'not_recordable' AS not_recordable, report ->> 'failed' AS failed
    FROM runs;

CREATE VIEW IF NOT EXISTS live_v1 AS
    SELECT tenant, source, session, conversation, began, ended, 1.0 * samples / rate AS length_s, state,
           json_array_length(parts) AS parts,
           (SELECT 1.0 * coalesce(sum(value ->> 'samples'), 0) / rate FROM json_each(parts)) AS parts_s,
           1.0 * lost / rate AS lost_s, whole,
           (SELECT group_concat(who, ', ') FROM (
               SELECT DISTINCT coalesce(a.value ->> 'login', a.value ->> 'name', a.value ->> 'email', a.value ->> 'id') AS who
               FROM json_each(parts) p, json_each(p.value, '$.agents') a)) AS agents,
           matched, updated
    FROM live;

-- Until format 3 the versions of legs stood in a table of their own.
DROP TABLE IF EXISTS legs;
INSERT OR IGNORE INTO versions (tenant, source, conversation, media, recordings, audio_s, legs)
    SELECT tenant, source, conversation, media,
           (SELECT count(*) FROM recordings r WHERE (r.tenant, r.source, r.conversation) = (c.tenant, c.source, c.conversation)),
           (SELECT CASE WHEN count(*) = count(length_s) THEN sum(length_s) END FROM recordings r
            WHERE (r.tenant, r.source, r.conversation) = (c.tenant, c.source, c.conversation)),
           (SELECT json_group_array(json_array(value ->> 'id', value ->> '$.revision.at', value ->> '$.revision.fingerprint'))
            FROM json_each(c.document, '$.legs'))
    FROM calls c
    WHERE NOT EXISTS (SELECT 1 FROM versions v WHERE (v.tenant, v.source, v.conversation) = (c.tenant, c.source, c.conversation));

PRAGMA user_version = 5;
