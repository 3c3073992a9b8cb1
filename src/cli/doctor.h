// What `runwright doctor` looks at, a part a file. Each adds its findings.
#pragma once

#include "cli/context.h"
#include "keep/inspect.h"

namespace rw::cli {

using Findings = std::vector<keep::Finding>;

inline void AddFinding(Findings& out, keep::Health health, std::string subject, std::string text,
                       std::string fix = {}) {
  out.push_back({health, std::move(subject), std::move(text), std::move(fix)});
}

/// What was found, for people or as JSON; the exit code: 1 where an error is among it.
int PrintFindings(Context& context, const Findings& findings);

/// This machine and the programs that a server needs.
void ExamineMachine(Context& context, Findings& out);
/// A data folder: where it is, who may read it, who holds it, what is in it.
void ExamineData(Context& context, const std::string& data, bool deep, Findings& out);
/// config.json, the credential, the server they lead to.
void ExamineServer(Context& context, Findings& out);
/// One run.
void ExamineRun(Context& context, const std::string& run, bool deep, Findings& out);

}  // namespace rw::cli
