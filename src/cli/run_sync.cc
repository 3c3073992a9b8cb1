#include "cli/run_sync.h"

#include "base/clock.h"
#include "cli/upload.h"
#include "journal/reader.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::cli {
namespace {

constexpr size_t kPiece = size_t{4} << 20;

bool IsOver(const std::string& status) {
  return status == "Completed" || status == "Failed" || status == "Canceled";
}

json::Value NewRun(const LocalRun& run, const std::string& experiment) {
  json::Value body = json::Object();
  body.Set("run_id", run.id()).Set("experiment", experiment);
  body.Set("type", "azureml.interactiverun");
  int64_t start_us = run.info.IntOr("start_us", 0);
  if (start_us > 0) body.Set("start_time", FormatUtc(start_us));
  json::Value properties = json::Object();
  properties.Set("runwright.origin", run.info.StringOr("kind"));
  properties.Set("runwright.host", run.info.StringOr("host"));
  return body.Set("properties", std::move(properties));
}

}  // namespace

Result<SyncReport> RunSync::Sync(bool ended) {
  Writers writers = WritersOf(run_, context_.here().host);
  bool gone = writers == Writers::kGone || (ended && writers == Writers::kElsewhere);
  TRY(EnsureRun());
  TRY(ShipJournals());
  TRY(SendFiles());
  if (gone) {
    TRY(SendOutputs());
    TRY(EndOpenRuns());
  }
  json::Value run = TRY(api_.Run(run_.id()));
  report_.status = run.StringOr("status");
  report_.complete = IsOver(report_.status) && report_.problems.empty() &&
                     writers != Writers::kAlive && run_.info.StringOr("outputs").empty();
  return report_;
}

Status RunSync::EnsureRun() {
  auto have = api_.Run(run_.id());
  if (have) return Ok();
  if (have.error().code() != Code::kNotFound) return have.error();
  TRY(api_.SubmitRun(workspace_id_, NewRun(run_, experiment_)));
  report_.created = true;
  return Ok();
}

Status RunSync::ShipJournals() {
  json::Value answer = TRY(api_.Get(client::ApiPath({"runs", run_.id(), "journal"})));
  for (const std::string& writer : TRY(JournalWriters(run_))) {
    TRY(ShipJournal(writer, answer["writers"].IntOr(writer, 0)));
  }
  return Ok();
}

Status RunSync::ShipJournal(const std::string& writer, int64_t acked) {
  std::string path = run_.JournalFolder() + "/" + writer + ".rwj";
  auto file = TRY(os::PosixFileSystem().Open(path, os::OpenMode::kRead));
  journal::Reader reader(*file, static_cast<uint64_t>(acked));
  while (true) {
    auto chunk = TRY(reader.Next(kPiece));
    if (chunk.tail == journal::Tail::kDamaged) {
      report_.problems.push_back(path + " is damaged at byte " +
                                 std::to_string(chunk.offset + chunk.bytes.size()) +
                                 "; what follows cannot be read");
    }
    if (chunk.bytes.empty()) return Ok();
    auto size = static_cast<int64_t>(chunk.bytes.size());
    int64_t now = TRY(ShipPiece(writer, chunk.offset, std::move(chunk.bytes)));
    if (now < 0) return Ok();
    report_.bytes += size;
    reader.Seek(static_cast<uint64_t>(now));
    if (chunk.tail == journal::Tail::kDamaged) return Ok();
  }
}

Result<int64_t> RunSync::ShipPiece(const std::string& writer, uint64_t offset, std::string bytes) {
  net::Request request = api_.Authorized("POST", client::ApiPath({"runs", run_.id(), "journal"}),
                                         {{"writer", writer}, {"offset", std::to_string(offset)}});
  request.headers["Content-Type"] = "application/octet-stream";
  request.body.bytes = std::move(bytes);
  net::Response response = TRY(api_.Send(std::move(request)));
  json::Value answer = TRY(json::Parse(response.body.bytes));
  if (response.status < 400 || response.status == 409) {
    if (answer["acked"].is_int()) return answer["acked"].as_int();
  }
  if (response.status == 400 && answer["acked"].is_int()) {
    report_.problems.push_back(answer["error"].StringOr("message"));
    return -1;
  }
  return net::ErrorOf(response);
}

Status RunSync::SendFiles() {
  os::FileSystem& fs = os::PosixFileSystem();
  if (!os::Exists(fs, run_.FilesFolder())) return Ok();
  for (const os::DirEntry& entry : TRY(fs.List(run_.FilesFolder()))) {
    TRY(SendFilesOf(entry.name, os::JoinPath(run_.FilesFolder(), entry.name), ""));
  }
  return Ok();
}

Status RunSync::SendFilesOf(const std::string& run_id, const std::string& folder,
                            const std::string& prefix) {
  os::FileSystem& fs = os::PosixFileSystem();
  for (const os::DirEntry& entry : TRY(fs.List(folder))) {
    std::string path = os::JoinPath(folder, entry.name);
    std::string name = prefix + entry.name;
    if (entry.type == os::FileType::kDirectory) {
      TRY(SendFilesOf(run_id, path, name + "/"));
      continue;
    }
    if (entry.type != os::FileType::kRegular || name.ends_with(".part")) continue;
    uint64_t size = TRY(fs.Stat(path)).size;
    net::Request request = api_.Authorized(
        "PUT", client::ApiPath({"runs", run_id, "artifacts", "content"}), {{"name", name}});
    request.headers["Content-Type"] = "application/octet-stream";
    request.body.file = std::make_shared<net::FileBody>(path, 0, size);
    net::Response response = TRY(api_.Send(std::move(request)));
    if (response.status == 201) report_.files++;
    if (response.status == 409) {
      report_.problems.push_back("run " + run_id + " has another file named '" + name + "'");
    } else if (response.status >= 400) {
      return net::ErrorOf(response);
    }
  }
  return Ok();
}

Status RunSync::SendOutputs() {
  std::string folder = run_.info.StringOr("outputs");
  if (folder.empty()) return Ok();
  auto stored = UploadFiles(context_, api_, folder);
  if (stored) {
    for (const json::Value& one : stored->as_array()) {
      json::Value body = json::Object();
      body.Set("name", one["path"]).Set("digest", one["digest"]).Set("size", one["size"]);
      body.Set("source", "scan");
      TRY(api_.Post(client::ApiPath({"runs", run_.id(), "artifacts"}), body));
      report_.files++;
    }
  } else if (stored.error().code() != Code::kNotFound &&
             stored.error().code() != Code::kInvalidArgument) {
    return stored.error();  // an absent or empty folder holds no outputs
  }
  run_.info.Set("outputs", json::Value());
  return os::WriteFileAtomically(os::PosixFileSystem(), os::JoinPath(run_.folder, "run.json"),
                                 json::WritePretty(run_.info), 0600);
}

Status RunSync::EndOpenRuns() {
  TRY(EndIfOpen(run_.id()));
  std::vector<std::string> above = {run_.id()};
  json::Value home = TRY(api_.Run(run_.id()));
  while (!above.empty()) {
    std::string parent = std::move(above.back());
    above.pop_back();
    json::Array children =
        TRY(api_.ListRuns(home.StringOr("workspace_id"),
                          {{"parent", parent}, {"include_children", "true"}}, 1'000'000));
    for (const json::Value& child : children) {
      bool submitted = child["script"].is_string() || child["command"].is_string();
      if (!submitted && !IsOver(child.StringOr("status"))) TRY(EndIfOpen(child.StringOr("id")));
      above.push_back(child.StringOr("id"));
    }
  }
  return Ok();
}

Status RunSync::EndIfOpen(const std::string& run_id) {
  json::Value run = TRY(api_.Run(run_id));
  if (IsOver(run.StringOr("status"))) return Ok();
  json::Value error = json::Object();
  error.Set("code", "UserError");
  error.Set("message", "The process that logged this run (pid " +
                           std::to_string(run_.info.IntOr("pid", 0)) + " on " +
                           run_.info.StringOr("host") + ") ended without complete() or fail().");
  json::Value body = json::Object();
  body.Set("status", "Failed").Set("error", std::move(error));
  TRY(api_.Post(client::ApiPath({"runs", run_id, "end"}), body));
  return Ok();
}

}  // namespace rw::cli
