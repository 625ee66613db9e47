// The tables, as steps from one version to the next: `user_version` says how many of them a file has gone through.
// A step that was released is never changed. Times are ms since 1970; JSON columns hold the nouns of src/core.

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

  -- A text can hold many policies, and is kept once.
  CREATE TABLE sources (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

  -- former = 1: the set that comes back unless a change is confirmed.
  CREATE TABLE policies (
    former INTEGER NOT NULL, id TEXT NOT NULL, file TEXT NOT NULL, source INTEGER NOT NULL REFERENCES sources (id),
    mode TEXT, applied_by INTEGER NOT NULL, applied_at REAL NOT NULL, policy TEXT NOT NULL,
    PRIMARY KEY (former, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX policies_source ON policies (source);
  CREATE TABLE namespaces (former INTEGER NOT NULL, name TEXT NOT NULL, labels TEXT NOT NULL, PRIMARY KEY (former, name)) STRICT, WITHOUT ROWID;

  CREATE TABLE workloads (
    slot INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, labels TEXT NOT NULL, mode TEXT NOT NULL,
    anchor TEXT NOT NULL, image TEXT, addresses TEXT NOT NULL,
    UNIQUE (namespace, name)
  ) STRICT;

  CREATE TABLE generations (number INTEGER PRIMARY KEY, applied_at REAL NOT NULL) STRICT;

  CREATE TABLE rings (ring TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE received (program INTEGER NOT NULL, cpu INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (program, cpu)) STRICT, WITHOUT ROWID;

  CREATE TABLE findings (
    id TEXT PRIMARY KEY, at REAL NOT NULL, severity INTEGER NOT NULL, code TEXT NOT NULL, about TEXT NOT NULL, finding TEXT NOT NULL
  ) STRICT;
  CREATE INDEX findings_at ON findings (at);

  CREATE TABLE decisions (
    id INTEGER PRIMARY KEY, minute INTEGER NOT NULL, subject TEXT NOT NULL, rule TEXT NOT NULL, target TEXT NOT NULL,
    count INTEGER NOT NULL, first REAL NOT NULL, last REAL NOT NULL, decision TEXT NOT NULL, process TEXT,
    UNIQUE (minute, subject, rule, target)
  ) STRICT;

  CREATE TABLE flows (
    id INTEGER PRIMARY KEY, "from" TEXT NOT NULL, "to" TEXT NOT NULL, protocol TEXT NOT NULL, port INTEGER NOT NULL,
    opened INTEGER NOT NULL, closed INTEGER NOT NULL, denied INTEGER NOT NULL, would_deny INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL, first REAL NOT NULL, last REAL NOT NULL, because TEXT NOT NULL,
    UNIQUE ("from", "to", protocol, port)
  ) STRICT;
  CREATE INDEX flows_last ON flows (last);
  `,
]
