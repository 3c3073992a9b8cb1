// runwright open RUN
#include <unistd.h>

#include "base/strings.h"
#include "cli/commands.h"
#include "os/process.h"

namespace rw::cli {
namespace {
/// Where a person sits at a desktop their browser opens; elsewhere the link is printed only.
void OpenBrowser(const client::Surroundings& here, const std::string& url) {
  bool desktop = !here.Variable("DISPLAY").empty() || !here.Variable("WAYLAND_DISPLAY").empty();
  std::string program = here.FindProgram("xdg-open");
  if (!desktop || program.empty() || isatty(STDOUT_FILENO) == 0) return;
  os::LaunchSpec spec{
      .argv = {program, url}, .environment = here.EnvironmentOfChildren(), .working_dir = "/"};
  (void)os::PosixProcessLauncher().SpawnDetached(spec).has_value();
}
}  // namespace

Result<int> Open(Context& context, const OpenOptions& options) {
  client::Api* api = TRY(context.Api());
  TRY(api->Run(options.run));
  std::string url = TRY(api->LoginLink("/runs/" + PercentEncode(options.run)));
  if (context.json()) {
    Print(json::WritePretty(json::Value().Set("url", url)) + "\n");
    return 0;
  }
  Print(url + "\n");
  PrintError("The link works once, for 60 seconds.\n");
  OpenBrowser(context.here(), url);
  return 0;
}

}  // namespace rw::cli
