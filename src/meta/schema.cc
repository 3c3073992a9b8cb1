#include "meta/schema.h"

#include "meta/metric_packing.h"
#include "meta/schema_query.h"

namespace rw::meta {
namespace {

// Times are microseconds since 1970 UTC, NULL where it has not happened. *_json columns hold JSON
// text. `row` is the short key that other tables use; `id` is the public one.
constexpr std::string_view kFirst = R"sql(
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- kind: owner, run, session. hash: SHA-256 hex of the token; the token itself is nowhere.
CREATE TABLE tokens (
  hash TEXT PRIMARY KEY, kind TEXT NOT NULL, run_id TEXT, workspace_id TEXT, allocation_id TEXT,
  created_us INTEGER NOT NULL, expires_us INTEGER) WITHOUT ROWID;
CREATE INDEX tokens_by_run ON tokens (run_id) WHERE run_id IS NOT NULL;

CREATE TABLE workspaces (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, subscription_id TEXT NOT NULL,
  resource_group TEXT NOT NULL, location TEXT NOT NULL, created_us INTEGER NOT NULL,
  UNIQUE (subscription_id, resource_group, name)) WITHOUT ROWID;

CREATE TABLE experiments (
  row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, workspace_id TEXT NOT NULL, name TEXT NOT NULL,
  created_us INTEGER NOT NULL, last_number INTEGER NOT NULL DEFAULT 0,
  UNIQUE (workspace_id, name));

-- version counts every change of the row: a plan is applied only to the version it was made from.
-- spec_json: script, command, arguments, environment_variables, max_run_duration_seconds, …
CREATE TABLE runs (
  row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, workspace_id TEXT NOT NULL,
  experiment_id TEXT NOT NULL, experiment TEXT NOT NULL, number INTEGER NOT NULL,
  display_name TEXT NOT NULL DEFAULT '', type TEXT NOT NULL, status TEXT NOT NULL,
  reason_json TEXT, version INTEGER NOT NULL DEFAULT 0, parent_id TEXT, root_id TEXT NOT NULL,
  target TEXT NOT NULL DEFAULT '', compute_row INTEGER, attempt INTEGER NOT NULL DEFAULT 0,
  submitted INTEGER NOT NULL DEFAULT 1, request_digest TEXT NOT NULL DEFAULT '',
  created_us INTEGER NOT NULL, queued_us INTEGER, start_us INTEGER, end_us INTEGER,
  cancel_us INTEGER, deadline_us INTEGER,
  snapshot_id TEXT, spec_json TEXT NOT NULL DEFAULT '{}', env_id TEXT, build_id TEXT,
  environment_json TEXT, run_definition_json TEXT, error_json TEXT, details_json TEXT);
CREATE INDEX runs_by_workspace ON runs (workspace_id, row);
CREATE INDEX runs_by_experiment ON runs (experiment_id, row);
CREATE INDEX runs_by_parent ON runs (parent_id, row) WHERE parent_id IS NOT NULL;
CREATE INDEX runs_by_root ON runs (root_id, row);
CREATE INDEX runs_by_env ON runs (env_id) WHERE env_id IS NOT NULL;
CREATE INDEX runs_alive ON runs (status, row) WHERE status NOT IN ('Completed','Failed','Canceled');

CREATE TABLE run_tags (
  run_row INTEGER NOT NULL, key TEXT NOT NULL, value TEXT,
  PRIMARY KEY (run_row, key)) WITHOUT ROWID;
CREATE INDEX run_tags_by_key ON run_tags (key, value, run_row);
CREATE TABLE run_properties (
  run_row INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (run_row, key)) WITHOUT ROWID;
CREATE INDEX run_properties_by_key ON run_properties (key, value, run_row);
CREATE TABLE run_warnings (
  row INTEGER PRIMARY KEY, run_row INTEGER NOT NULL, source TEXT NOT NULL, message TEXT NOT NULL);
CREATE INDEX run_warnings_by_run ON run_warnings (run_row);

-- One name of one run. Its values are the segments, each one batch of one writer.
CREATE TABLE metrics (
  id INTEGER PRIMARY KEY, run_row INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
  details_json TEXT, UNIQUE (run_row, name));
CREATE TABLE metric_segments (
  row INTEGER PRIMARY KEY, run_row INTEGER NOT NULL, metric_id INTEGER NOT NULL,
  writer TEXT NOT NULL, first_seq INTEGER NOT NULL, count INTEGER NOT NULL,
  first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX metric_segments_by_metric ON metric_segments (metric_id, writer, first_seq);

-- Bytes of each writer's journal that are applied. state_json: what the next bytes are read with.
CREATE TABLE journal_offsets (
  run_row INTEGER NOT NULL, writer TEXT NOT NULL, offset INTEGER NOT NULL,
  next_seq INTEGER NOT NULL DEFAULT 0, state_json TEXT, updated_us INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run_row, writer)) WITHOUT ROWID;

-- A log that grows: <data>/logs/<run id>/<number>.log, durable up to size.
CREATE TABLE logs (
  run_row INTEGER NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,
  size INTEGER NOT NULL DEFAULT 0, complete INTEGER NOT NULL DEFAULT 0,
  created_us INTEGER NOT NULL DEFAULT 0, updated_us INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run_row, name)) WITHOUT ROWID;

-- source: upload (explicit, wins) or scan.
CREATE TABLE artifacts (
  run_row INTEGER NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,
  source TEXT NOT NULL, created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,
  PRIMARY KEY (run_row, name)) WITHOUT ROWID;

CREATE TABLE snapshots (
  id TEXT PRIMARY KEY, files INTEGER NOT NULL, bytes INTEGER NOT NULL,
  created_us INTEGER NOT NULL) WITHOUT ROWID;

-- A deleted version keeps its row, so that its number is never given again.
CREATE TABLE models (
  row INTEGER PRIMARY KEY, workspace_id TEXT NOT NULL, name TEXT NOT NULL,
  version INTEGER NOT NULL, run_id TEXT, experiment TEXT, description TEXT NOT NULL DEFAULT '',
  tags_json TEXT NOT NULL DEFAULT '{}', properties_json TEXT NOT NULL DEFAULT '{}',
  framework TEXT NOT NULL DEFAULT '', framework_version TEXT NOT NULL DEFAULT '',
  resources_json TEXT, datasets_json TEXT, snapshot_id TEXT, env_id TEXT,
  created_us INTEGER NOT NULL, deleted_us INTEGER, UNIQUE (workspace_id, name, version));
CREATE INDEX models_by_run ON models (run_id) WHERE run_id IS NOT NULL;
CREATE TABLE model_files (
  model_row INTEGER NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,
  PRIMARY KEY (model_row, path)) WITHOUT ROWID;

CREATE TABLE computes (
  row INTEGER PRIMARY KEY, workspace_id TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
  vm_size TEXT NOT NULL DEFAULT '', vm_priority TEXT NOT NULL DEFAULT 'dedicated',
  min_nodes INTEGER NOT NULL DEFAULT 0, max_nodes INTEGER NOT NULL DEFAULT 4,
  idle_seconds INTEGER NOT NULL DEFAULT 1800, tags_json TEXT NOT NULL DEFAULT '{}',
  description TEXT NOT NULL DEFAULT '', provisioning_state TEXT NOT NULL DEFAULT 'Succeeded',
  allocation_state TEXT NOT NULL DEFAULT 'Steady', target_nodes INTEGER NOT NULL DEFAULT 0,
  created_us INTEGER NOT NULL, modified_us INTEGER NOT NULL, state_us INTEGER NOT NULL,
  details_json TEXT, UNIQUE (workspace_id, name));
CREATE TABLE nodes (
  id TEXT PRIMARY KEY, compute_row INTEGER NOT NULL, number INTEGER NOT NULL,
  state TEXT NOT NULL, allocation_id TEXT, run_id TEXT, created_us INTEGER NOT NULL,
  state_us INTEGER NOT NULL, idle_since_us INTEGER, details_json TEXT) WITHOUT ROWID;
CREATE INDEX nodes_by_compute ON nodes (compute_row, number);

-- One gang of nodes given to one attempt of one run. secret_hash: of the one-time claim secret.
CREATE TABLE allocations (
  row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, run_row INTEGER NOT NULL, run_id TEXT NOT NULL,
  attempt INTEGER NOT NULL, fence INTEGER NOT NULL, state TEXT NOT NULL, compute_row INTEGER,
  nodes_json TEXT NOT NULL DEFAULT '[]', secret_hash TEXT NOT NULL DEFAULT '', claimant TEXT,
  backend_json TEXT, process_json TEXT, exit_json TEXT, grant_json TEXT,
  created_us INTEGER NOT NULL, claimed_us INTEGER, started_us INTEGER, ended_us INTEGER,
  heartbeat_us INTEGER);
CREATE INDEX allocations_by_run ON allocations (run_row, attempt);
CREATE INDEX allocations_alive ON allocations (state) WHERE ended_us IS NULL;

CREATE TABLE environments (
  workspace_id TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, env_id TEXT NOT NULL,
  definition_json TEXT NOT NULL, spec_json TEXT NOT NULL, created_us INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, name, version)) WITHOUT ROWID;
-- What an env_id was resolved to, once.
CREATE TABLE env_locks (
  env_id TEXT PRIMARY KEY, spec_json TEXT NOT NULL, state TEXT NOT NULL, lock TEXT,
  build_id TEXT, python TEXT, platform TEXT, error_json TEXT, log TEXT,
  created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL, last_used_us INTEGER,
  details_json TEXT) WITHOUT ROWID;
CREATE TABLE builds (
  build_id TEXT PRIMARY KEY, state TEXT NOT NULL, python TEXT, path TEXT,
  packages_json TEXT, bytes INTEGER, error_json TEXT, created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL, last_used_us INTEGER, details_json TEXT) WITHOUT ROWID;
)sql";

// deleted_us: gone from every list, kept until the grace time of the retention rules is over.
// archived_us: left out of lists that do not ask for it. secrets.sealed: base/seal.h, under the key
// in <data>/secrets.key.
constexpr std::string_view kDeletionAndSecrets = R"sql(
ALTER TABLE runs ADD COLUMN archived_us INTEGER;
ALTER TABLE runs ADD COLUMN deleted_us INTEGER;
CREATE INDEX runs_deleted ON runs (deleted_us) WHERE deleted_us IS NOT NULL;
ALTER TABLE experiments ADD COLUMN archived_us INTEGER;
ALTER TABLE experiments ADD COLUMN deleted_us INTEGER;

CREATE TABLE secrets (
  workspace_id TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, sealed BLOB NOT NULL,
  created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, name)) WITHOUT ROWID;
)sql";

// What a run's processes used, in batches of samples: {"times_us": [], "values": {name: []}}.
constexpr std::string_view kSystemMetrics = R"sql(
CREATE TABLE system_metrics (
  run_row INTEGER NOT NULL, first_us INTEGER NOT NULL, count INTEGER NOT NULL,
  data_json TEXT NOT NULL, PRIMARY KEY (run_row, first_us)) WITHOUT ROWID;
)sql";

// The source map. One of folder and mirror is not empty.
constexpr std::string_view kSourceRules = R"sql(
CREATE TABLE source_rules (
  prefix TEXT PRIMARY KEY, folder TEXT NOT NULL, mirror TEXT NOT NULL,
  created_us INTEGER NOT NULL) WITHOUT ROWID;
)sql";

// Of nodes that do not build; "": they use the server's builds.
constexpr std::string_view kEnvRoot = R"sql(
ALTER TABLE computes ADD COLUMN env_root TEXT NOT NULL DEFAULT '';
)sql";

constexpr db::Migration kMigrations[] = {{1, "first", kFirst},
                                         {2, "deletion and secrets", kDeletionAndSecrets},
                                         {3, "query", kQuerySchema},
                                         {4, "compaction", kCompactionSchema},
                                         {5, "system metrics", kSystemMetrics},
                                         {6, "packing", kPackingSchema},
                                         {7, "source rules", kSourceRules},
                                         {8, "env root of targets", kEnvRoot}};

}  // namespace

std::span<const db::Migration> Migrations() { return kMigrations; }

}  // namespace rw::meta
