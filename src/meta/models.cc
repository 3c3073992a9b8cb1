#include "meta/models.h"

#include "base/clock.h"
#include "base/strings.h"

namespace rw::meta {
namespace {

constexpr std::string_view kColumns =
    "SELECT row, workspace_id, name, version, run_id, experiment, description, tags_json,"
    " properties_json, framework, framework_version, resources_json, datasets_json, snapshot_id,"
    " env_id, created_us FROM models ";

Result<json::Value> JsonColumn(const db::Statement& row, int column) {
  if (row.IsNull(column)) return json::Value();
  return json::Parse(row.Text(column));
}

Result<Model> ModelOf(const db::Statement& row) {
  Model model;
  model.row = row.Int(0);
  model.workspace_id = row.Text(1);
  model.name = row.Text(2);
  model.version = row.Int(3);
  model.run_id = row.Text(4);
  model.experiment = row.Text(5);
  model.description = row.Text(6);
  model.tags = TRY(JsonColumn(row, 7));
  model.properties = TRY(JsonColumn(row, 8));
  model.framework = row.Text(9);
  model.framework_version = row.Text(10);
  model.resources = TRY(JsonColumn(row, 11));
  model.datasets = TRY(JsonColumn(row, 12));
  model.snapshot_id = row.Text(13);
  model.env_id = row.Text(14);
  model.created_us = row.Int(15);
  return model;
}

std::optional<std::string> TextOrNull(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

std::optional<std::string> JsonOrNull(const json::Value& value) {
  return value.is_null() ? std::nullopt : std::optional<std::string>(json::Write(value));
}

json::Value NullIfEmpty(const std::string& text) {
  return text.empty() ? json::Value() : json::Value(text);
}

bool HasTag(const Model& model, const std::string& wanted) {
  size_t equals = wanted.find('=');
  const json::Object& tags = model.tags.as_object();
  auto found = tags.find(wanted.substr(0, equals));
  if (found == tags.end()) return false;
  if (equals == std::string::npos) return true;
  const json::Value& value = found->second;
  return (value.is_string() ? value.as_string() : "") == wanted.substr(equals + 1);
}

bool HasTags(const Model& model, const std::vector<std::string>& wanted) {
  for (const std::string& tag : wanted)
    if (!HasTag(model, tag)) return false;
  return true;
}

}  // namespace

json::Value ToJson(const Model& model) {
  json::Value out;
  out.Set("id", model.name + ":" + std::to_string(model.version)).Set("name", model.name);
  out.Set("version", model.version).Set("workspace_id", model.workspace_id);
  out.Set("run_id", NullIfEmpty(model.run_id)).Set("experiment", NullIfEmpty(model.experiment));
  out.Set("description", model.description).Set("tags", model.tags);
  out.Set("properties", model.properties).Set("framework", model.framework);
  out.Set("framework_version", model.framework_version).Set("resources", model.resources);
  out.Set("datasets", model.datasets.is_null() ? json::Value(json::Array{}) : model.datasets);
  out.Set("snapshot_id", NullIfEmpty(model.snapshot_id)).Set("env_id", NullIfEmpty(model.env_id));
  out.Set("created_time", FormatUtc(model.created_us));
  json::Array files;
  for (const ModelFile& file : model.files) {
    json::Value entry;
    entry.Set("path", file.path).Set("digest", file.digest).Set("size", file.size);
    files.push_back(std::move(entry));
  }
  if (!files.empty()) out.Set("files", std::move(files));
  return out;
}

Status ModelRepository::Insert(Model* model) {
  auto highest =
      TRY(db_.Prepare("SELECT max(version) FROM models WHERE workspace_id=? AND name=?"));
  highest.Bind(model->workspace_id).Bind(model->name);
  TRY(highest.Step());
  model->version = highest.Int(0) + 1;
  auto insert = TRY(db_.Prepare(
      "INSERT INTO models (workspace_id, name, version, run_id, experiment, description, tags_json,"
      " properties_json, framework, framework_version, resources_json, datasets_json, snapshot_id,"
      " env_id, created_us) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  insert.Bind(model->workspace_id).Bind(model->name).Bind(model->version);
  insert.Bind(TextOrNull(model->run_id)).Bind(TextOrNull(model->experiment));
  insert.Bind(model->description).Bind(json::Write(model->tags));
  insert.Bind(json::Write(model->properties)).Bind(model->framework);
  insert.Bind(model->framework_version).Bind(JsonOrNull(model->resources));
  insert.Bind(JsonOrNull(model->datasets)).Bind(TextOrNull(model->snapshot_id));
  TRY(insert.Bind(TextOrNull(model->env_id)).Bind(model->created_us).Run());
  model->row = db_.last_insert_id();
  for (const ModelFile& file : model->files) {
    auto put =
        TRY(db_.Prepare("INSERT INTO model_files (model_row, path, digest, size)"
                        " VALUES (?,?,?,?)"));
    put.Bind(model->row).Bind(file.path).Bind(file.digest);
    TRY(put.Bind(file.size).Run());
  }
  return Ok();
}

Result<Error> ModelRepository::NotFound(const std::string& workspace_id, const std::string& name,
                                        std::optional<int64_t> version) {
  auto row = TRY(db_.Prepare(
      "SELECT name, max(version) FROM models WHERE workspace_id=? AND deleted_us IS NULL"
      " GROUP BY name"));
  row.Bind(workspace_id);
  std::vector<std::string> names;
  std::string text = "no model '" + name + "'";
  if (version) text += " of version " + std::to_string(*version);
  while (TRY(row.Step())) {
    names.push_back(row.Text(0));
    if (row.Text(0) == name)
      return Error(Code::kNotFound, text + "; the latest is " + std::to_string(row.Int(1)),
                   "version");
  }
  auto near = NearMatches(name, names);
  if (!near.empty()) text += "; there is " + Join(near, ", ");
  return Error(Code::kNotFound, text, "name");
}

Result<Model> ModelRepository::Get(const std::string& workspace_id, const std::string& name,
                                   std::optional<int64_t> version) {
  auto row = TRY(db_.Prepare(std::string(kColumns) +
                             "WHERE workspace_id=? AND name=? AND (?3 IS NULL OR version=?3)"
                             " AND deleted_us IS NULL ORDER BY version DESC LIMIT 1"));
  row.Bind(workspace_id).Bind(name).Bind(version);
  if (!TRY(row.Step())) return TRY(NotFound(workspace_id, name, version));
  Model model = TRY(ModelOf(row));
  model.files = TRY(FilesOf(model.row));
  return model;
}

Result<std::vector<ModelFile>> ModelRepository::FilesOf(int64_t row) {
  auto file = TRY(
      db_.Prepare("SELECT path, digest, size FROM model_files WHERE model_row=? ORDER BY path"));
  file.Bind(row);
  std::vector<ModelFile> out;
  while (TRY(file.Step())) out.push_back({file.Text(0), file.Text(1), file.Int(2)});
  return out;
}

Result<std::vector<Model>> ModelRepository::List(const std::string& workspace_id,
                                                 const ModelFilter& filter) {
  auto row = TRY(db_.Prepare(
      std::string(kColumns) +
      "m WHERE workspace_id=?1 AND (?2='' OR name=?2) AND (?3='' OR run_id=?3) AND row<?4"
      " AND deleted_us IS NULL AND (?5=0 OR NOT EXISTS (SELECT 1 FROM models n WHERE"
      " n.workspace_id=m.workspace_id AND n.name=m.name AND n.version>m.version"
      " AND n.deleted_us IS NULL)) ORDER BY row DESC"));
  row.Bind(workspace_id).Bind(filter.name).Bind(filter.run_id).Bind(filter.before_row);
  row.Bind(int64_t{filter.latest ? 1 : 0});
  std::vector<Model> out;
  while (static_cast<int64_t>(out.size()) < filter.limit && TRY(row.Step())) {
    Model model = TRY(ModelOf(row));
    if (HasTags(model, filter.tags)) out.push_back(std::move(model));
  }
  return out;
}

Status ModelRepository::Update(const Model& model) {
  auto update = TRY(
      db_.Prepare("UPDATE models SET description=?, tags_json=?, properties_json=? WHERE row=?"));
  update.Bind(model.description).Bind(json::Write(model.tags));
  return update.Bind(json::Write(model.properties)).Bind(model.row).Run();
}

Status ModelRepository::Delete(int64_t row, int64_t now_us) {
  auto update = TRY(db_.Prepare("UPDATE models SET deleted_us=? WHERE row=?"));
  return update.Bind(now_us).Bind(row).Run();
}

}  // namespace rw::meta
