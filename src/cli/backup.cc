// runwright backup and runwright restore.
#include "keep/backup.h"

#include "base/clock.h"
#include "base/strings.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"

namespace rw::cli {
namespace {

std::string Amount(uint64_t count, uint64_t bytes) {
  return std::to_string(count) + " (" + HumanBytes(bytes) + ")";
}

void ShowProblems(Context& context, const std::vector<keep::Problem>& problems,
                  const std::string& heading) {
  if (problems.empty()) return;
  Print(context.terminal().Paint(heading, Color::kRed) + "\n");
  for (const keep::Problem& problem : problems)
    Print("  " + problem.what + ": " + problem.why + "\n");
}

}  // namespace

Result<int> Backup(Context& context, const BackupOptions& options) {
  const std::string data =
      context.here().Absolute(options.data.empty() ? context.here().DataFolder() : options.data);
  const std::string to = context.here().Absolute(options.dest);
  auto report = TRY(keep::Backup(os::PosixFileSystem(), data, to, SystemClock().WallMicros()));
  const keep::Manifest& m = report.manifest;
  int code = m.problems.empty() ? 0 : ExitCode(Code::kCorrupt);
  if (context.json()) {
    json::Value out = keep::ToJson(m);
    out.Set("folder", to).Set("new_blobs", report.new_blobs);
    out.Set("new_blob_bytes", report.new_blob_bytes).Set("removed_files", report.removed_files);
    Print(json::WritePretty(out) + "\n");
    return code;
  }
  Print("backup of " + data + " in " + to + "\n");
  Print("database  " + HumanBytes(m.database_bytes) + "\n");
  Print("blobs     " + Amount(m.blobs, m.blob_bytes) + ", new " +
        Amount(report.new_blobs, report.new_blob_bytes) + "\n");
  Print("logs      " + Amount(m.logs, m.log_bytes) + "\n");
  ShowProblems(context, m.problems,
               "damaged or missing in the data folder, and so not in this backup:");
  return code;
}

Result<int> Restore(Context& context, const RestoreOptions& options) {
  const std::string from = context.here().Absolute(options.backup);
  const std::string data = context.here().Absolute(options.data);
  auto report = TRY(keep::Restore(os::PosixFileSystem(), from, data, options.partial));
  if (context.json()) {
    json::Value out;
    out.Set("data", data).Set("created_time", report.manifest.created_time);
    out.Set("blobs", report.blobs).Set("blob_bytes", report.blob_bytes);
    out.Set("logs", report.manifest.logs).Set("log_bytes", report.manifest.log_bytes);
    out.Set("problems", keep::ToJson(report.problems));
    Print(json::WritePretty(out) + "\n");
    return 0;
  }
  Print("restored to " + data + ", as of " + report.manifest.created_time + "\n");
  Print("blobs     " + Amount(report.blobs, report.blob_bytes) + "\n");
  Print("logs      " + Amount(report.manifest.logs, report.manifest.log_bytes) + "\n");
  ShowProblems(context, report.problems, "not in the backup:");
  Print("Every hash was verified. Start it with: runwright server --data " + data + "\n");
  return 0;
}

}  // namespace rw::cli
