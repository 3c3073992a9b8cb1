// runwright env diff, env export.
#include "cli/env_commands.h"
#include "cli/env_diff.h"
#include "cli/env_export.h"
#include "os/file_system.h"

namespace rw::cli {

Result<int> DiffEnv(Context& context, const EnvOptions& options) {
  EnvSubject a = TRY(FindEnvSubject(context, options.name));
  EnvSubject b = TRY(FindEnvSubject(context, options.other));
  json::Value diff = DiffEnvironments(a, b);
  Print(context.json() ? json::WritePretty(diff) + "\n" : DiffText(diff, context.terminal()));
  return 0;
}

Result<int> ExportEnv(Context& context, const EnvOptions& options) {
  EnvSubject subject = TRY(FindEnvSubject(context, options.name));
  std::string text = TRY(ExportEnvironment(subject, options.format));
  std::string path;
  if (!options.output.empty()) {
    path = context.here().Absolute(options.output);
    TRY(os::WriteFileAtomically(os::PosixFileSystem(), path, text));
  }
  if (context.json()) {
    json::Value out;
    out.Set("format", options.format).Set("text", text);
    Print(json::WritePretty(out.Set("path", path.empty() ? json::Value() : path)) + "\n");
  } else if (path.empty()) {
    Print(text);
  } else {
    Print("wrote " + path + "\n");
  }
  return 0;
}

}  // namespace rw::cli
