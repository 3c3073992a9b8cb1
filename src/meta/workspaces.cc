#include "meta/workspaces.h"

#include "base/clock.h"

namespace rw::meta {
namespace {

constexpr std::string_view kWorkspaceColumns =
    "SELECT id, name, subscription_id, resource_group, location, created_us FROM workspaces ";

Workspace WorkspaceOf(const db::Statement& row) {
  return {row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4), row.Int(5)};
}

constexpr std::string_view kExperimentColumns =
    "SELECT row, id, name, workspace_id, created_us, archived_us, deleted_us FROM experiments ";

Experiment ExperimentOf(const db::Statement& row) {
  return {row.Int(0), row.Text(1), row.Text(2), row.Text(3), row.Int(4), row.Int(5), row.Int(6)};
}

}  // namespace

json::Value ToJson(const Workspace& workspace) {
  json::Value out;
  out.Set("id", workspace.id).Set("name", workspace.name).Set("location", workspace.location);
  out.Set("subscription_id", workspace.subscription_id);
  out.Set("resource_group", workspace.resource_group);
  return out.Set("created_time", FormatUtc(workspace.created_us));
}

json::Value ToJson(const Experiment& experiment) {
  json::Value out;
  out.Set("id", experiment.id).Set("name", experiment.name);
  out.Set("workspace_id", experiment.workspace_id);
  if (experiment.archived_us != 0) out.Set("archived_time", FormatUtc(experiment.archived_us));
  if (experiment.deleted_us != 0) out.Set("deleted_time", FormatUtc(experiment.deleted_us));
  return out.Set("created_time", FormatUtc(experiment.created_us));
}

Result<ListView> ParseListView(const std::string& text) {
  if (text.empty() || text == "active") return ListView::kActive;
  if (text == "archived") return ListView::kArchived;
  if (text == "all") return ListView::kAll;
  if (text == "deleted") return ListView::kDeleted;
  return Error(Code::kInvalidArgument,
               "view must be active, archived, all or deleted, not '" + text + "'", "view");
}

std::string_view ConditionOf(ListView view) {
  switch (view) {
    case ListView::kActive:
      return "deleted_us IS NULL AND archived_us IS NULL";
    case ListView::kArchived:
      return "deleted_us IS NULL AND archived_us IS NOT NULL";
    case ListView::kAll:
      return "deleted_us IS NULL";
    case ListView::kDeleted:
      return "deleted_us IS NOT NULL";
  }
  return "0";
}

Result<Workspace> WorkspaceRepository::Get(const std::string& id) {
  auto row = TRY(db_.Prepare(std::string(kWorkspaceColumns) + "WHERE id=?"));
  row.Bind(id);
  if (!TRY(row.Step())) return Error(Code::kNotFound, "no workspace with id '" + id + "'", "ws");
  return WorkspaceOf(row);
}

Result<std::optional<Workspace>> WorkspaceRepository::Find(const std::string& subscription_id,
                                                           const std::string& resource_group,
                                                           const std::string& name) {
  auto found = TRY(List(name, subscription_id, resource_group));
  if (found.empty()) return std::optional<Workspace>();
  return std::optional<Workspace>(found.front());
}

Result<std::vector<Workspace>> WorkspaceRepository::List(const std::string& name,
                                                         const std::string& subscription_id,
                                                         const std::string& resource_group) {
  auto row = TRY(db_.Prepare(std::string(kWorkspaceColumns) +
                             "WHERE (?1='' OR name=?1) AND (?2='' OR subscription_id=?2)"
                             " AND (?3='' OR resource_group=?3) ORDER BY created_us, id"));
  row.Bind(name).Bind(subscription_id).Bind(resource_group);
  std::vector<Workspace> out;
  while (TRY(row.Step())) out.push_back(WorkspaceOf(row));
  return out;
}

Status WorkspaceRepository::Insert(const Workspace& workspace) {
  auto insert =
      TRY(db_.Prepare("INSERT INTO workspaces (id, name, subscription_id, resource_group,"
                      " location, created_us) VALUES (?,?,?,?,?,?)"));
  insert.Bind(workspace.id).Bind(workspace.name).Bind(workspace.subscription_id);
  insert.Bind(workspace.resource_group).Bind(workspace.location).Bind(workspace.created_us);
  return insert.Run();
}

Result<std::optional<Experiment>> ExperimentRepository::Find(const std::string& workspace_id,
                                                             const std::string& name) {
  auto row = TRY(db_.Prepare(std::string(kExperimentColumns) + "WHERE workspace_id=? AND name=?"));
  row.Bind(workspace_id).Bind(name);
  if (!TRY(row.Step())) return std::optional<Experiment>();
  return std::optional<Experiment>(ExperimentOf(row));
}

Result<Experiment> ExperimentRepository::Get(const std::string& workspace_id,
                                             const std::string& name) {
  auto found = TRY(Find(workspace_id, name));
  if (!found || found->deleted_us != 0)
    return Error(Code::kNotFound,
                 "no experiment '" + name + "' in this workspace; it is created by its first run",
                 "name");
  return *std::move(found);
}

Result<std::vector<Experiment>> ExperimentRepository::List(const std::string& workspace_id,
                                                           int64_t after_row, int64_t limit,
                                                           ListView view) {
  auto row =
      TRY(db_.Prepare(std::string(kExperimentColumns) + "WHERE workspace_id=? AND row>? AND " +
                      std::string(ConditionOf(view)) + " ORDER BY row LIMIT ?"));
  row.Bind(workspace_id).Bind(after_row).Bind(limit);
  std::vector<Experiment> out;
  while (TRY(row.Step())) out.push_back(ExperimentOf(row));
  return out;
}

Status ExperimentRepository::Insert(Experiment* experiment) {
  auto insert = TRY(
      db_.Prepare("INSERT INTO experiments (id, workspace_id, name, created_us) VALUES (?,?,?,?)"));
  insert.Bind(experiment->id).Bind(experiment->workspace_id).Bind(experiment->name);
  TRY(insert.Bind(experiment->created_us).Run());
  experiment->row = db_.last_insert_id();
  return Ok();
}

Result<int64_t> ExperimentRepository::NextNumber(int64_t experiment_row) {
  auto next =
      TRY(db_.Prepare("UPDATE experiments SET last_number = last_number + 1 WHERE row=?"
                      " RETURNING last_number"));
  next.Bind(experiment_row);
  if (!TRY(next.Step())) return Error(Code::kInternal, "no such experiment row");
  int64_t number = next.Int(0);
  TRY(next.Run());
  return number;
}

}  // namespace rw::meta
