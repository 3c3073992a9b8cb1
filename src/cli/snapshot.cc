// runwright snapshot [DIR]: the id that a submission of the folder would have.
#include "base/strings.h"
#include "cli/commands.h"
#include "cli/upload.h"

namespace rw::cli {

Result<int> Snapshot(Context& context, const SnapshotOptions& options) {
  std::string folder = context.here().Absolute(options.dir);
  cas::Snapshot made = TRY(BuildSnapshotOf(context, folder, options.allow_large));
  if (context.json()) {
    json::Value out;
    out.Set("id", made.id.Hex()).Set("files", made.files).Set("bytes", made.bytes);
    out.Set("hashed_files", made.hashed_files);
    out.Set("skipped", json::Array(made.skipped.begin(), made.skipped.end()));
    Print(json::WritePretty(out) + "\n");
    return 0;
  }
  Print(made.id.Hex() + "\n");
  PrintError(std::to_string(made.files) + " files, " + HumanBytes(made.bytes) + "; " +
             std::to_string(made.hashed_files) + " were read\n");
  for (const std::string& path : made.skipped)
    PrintError("left out, as it is no file, folder or link: " + path + "\n");
  return 0;
}

}  // namespace rw::cli
