// runwright doctor.
#include "cli/doctor.h"

#include "cli/commands.h"

namespace rw::cli {
namespace {

using keep::Health;

Color ColorOf(Health health) {
  switch (health) {
    case Health::kGood:
      return Color::kGreen;
    case Health::kNote:
      return Color::kDim;
    case Health::kWarning:
      return Color::kYellow;
    case Health::kError:
      return Color::kRed;
  }
  return Color::kNone;
}

void Show(const Terminal& terminal, const Findings& findings) {
  for (const keep::Finding& finding : findings) {
    std::string name(keep::HealthName(finding.health));
    name.resize(8, ' ');
    Print(terminal.Paint(name, ColorOf(finding.health)) + finding.subject + ": " + finding.text +
          "\n");
    if (!finding.fix.empty() && finding.health != Health::kGood)
      Print("        → " + finding.fix + "\n");
  }
}

json::Value ToJson(const Findings& findings) {
  json::Value out = json::Array();
  for (const keep::Finding& finding : findings) {
    json::Value one;
    one.Set("health", keep::HealthName(finding.health)).Set("subject", finding.subject);
    one.Set("text", finding.text);
    if (!finding.fix.empty()) one.Set("fix", finding.fix);
    out.Append(std::move(one));
  }
  return out;
}

}  // namespace

int PrintFindings(Context& context, const Findings& findings) {
  bool sick = false;
  for (const keep::Finding& finding : findings) sick = sick || finding.health == Health::kError;
  if (context.json()) {
    json::Value out;
    Print(json::WritePretty(out.Set("healthy", !sick).Set("findings", ToJson(findings))) + "\n");
  } else {
    Show(context.terminal(), findings);
  }
  return sick ? 1 : 0;
}

Result<int> Doctor(Context& context, const DoctorOptions& options) {
  Findings findings;
  if (!options.run.empty()) {
    ExamineRun(context, options.run, options.deep, findings);
  } else {
    ExamineMachine(context, findings);
    std::string data =
        options.data.empty() ? context.here().DataFolder() : context.here().Absolute(options.data);
    // Where there is no folder of one's own, the server is elsewhere.
    if (!options.data.empty() || os::Exists(os::PosixFileSystem(), data))
      ExamineData(context, data, options.deep, findings);
    if (options.data.empty()) ExamineServer(context, findings);
  }
  return PrintFindings(context, findings);
}

}  // namespace rw::cli
