#include "executor/failure.h"

#include <signal.h>

#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "executor/traceback.h"

namespace rw::executor {
namespace {
constexpr size_t kLastLines = 20;

json::Value UserError(std::string message, std::string next_step) {
  json::Value out = json::Object();
  out.Set("code", "UserError").Set("message", std::move(message));
  if (!next_step.empty()) out.Set("next_step", std::move(next_step));
  return out;
}

std::string SignalName(int number) {
  const char* name = sigabbrev_np(number);
  return name == nullptr ? std::to_string(number) : "SIG" + std::string(name);
}

std::string Gigabytes(int64_t bytes) {
  int64_t tenths = (bytes + 50'000'000) / 100'000'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GB";
}

/// "killed by SIGKILL; the machine's OOM killer ended it at 23.1 GB".
std::string DeathBySignal(const Ending& ending) {
  std::string text = "User program was killed by " + SignalName(ending.outcome.number);
  OomKill oom = JudgeOom(ending);
  if (oom == OomKill::kNo) return text;
  text += oom == OomKill::kProbably ? "; probably the machine's OOM killer ended it at "
                                    : "; the machine's OOM killer ended it at ";
  return text + Gigabytes(ending.peak_bytes);
}

std::string AdviceForSignal(const Ending& ending) {
  if (JudgeOom(ending) != OomKill::kNo)
    return "The machine ran out of memory: use smaller batches, fewer workers, or a machine with "
           "more than " +
           Gigabytes(ending.usage.memory_bytes) + ".";
  switch (ending.outcome.number) {
    case SIGKILL:
      if (ending.usage.machine_oom >= 0)
        return "Nothing in the script ended it, and the machine was not out of memory: somebody "
               "sent kill -9.";
      return "Nothing in the script ended it. Often the machine was out of memory: look at dmesg, "
             "and use smaller batches.";
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGABRT:
      return "A native library crashed. Set PYTHONFAULTHANDLER=1 in environment_variables to see "
             "where.";
    default:
      return "Somebody sent the signal, or the script sent it to itself.";
  }
}

json::Value DescribeExecFailure(const Ending& ending, const LaunchPlan& plan) {
  int error = ending.outcome.number;
  std::string path = ending.exec_path.empty() ? plan.interpreter : ending.exec_path;
  std::string next = "Look at the machine's log of the run.";
  if (path == plan.interpreter && error == ENOENT)
    next =
        "The interpreter is missing. Give interpreter_path an existing Python, or let Runwright "
        "make the "
        "environment.";
  if (error == EACCES) next = "Make " + path + " executable for the user that the server runs as.";
  if (error == E2BIG)
    next = "Arguments and environment variables are too long together; put them into a file.";
  if (error == ENOSPC) next = "The disk is full: free some space and submit again.";
  return UserError("The script could not be started: " + path + ": " + strerror(error), next);
}

void AddTraceback(const Traceback& found, json::Value& out) {
  std::string what = found.message.empty() ? found.type : found.type + ": " + found.message;
  out.Set("message", "User program failed with " + what);
  out.Set("exception_type", found.type).Set("exception_message", found.message);
  out.Set("file", found.file).Set("line", found.line).Set("traceback", found.text);
  if (found.type == "ModuleNotFoundError")
    out.Set("next_step", "Add the package to pip_packages of the estimator or environment.");
}

json::Value DescribeExit(const Ending& ending, const std::string& working_folder) {
  int code = ending.outcome.number;
  json::Value out = UserError("User program ended with exit code " + std::to_string(code), "");
  auto found = LastTraceback(ending.log_tail, working_folder);
  // Python exits with 1 after an exception; with another code a traceback in the middle was only
  // logged.
  if (found && (code == 1 || found->at_end)) AddTraceback(*found, out);
  out.Set("exit_code", code);
  if (ending.usage.group_oom > 0)
    out.Set("next_step", "The machine's OOM killer ended " +
                             std::to_string(ending.usage.group_oom) +
                             " of the run's processes: use smaller batches or fewer workers.");
  return out;
}
}  // namespace

OomKill JudgeOom(const Ending& ending) {
  constexpr int64_t kLargeShare = 20;  // a twentieth of the machine's memory
  const UsageRecord& usage = ending.usage;
  if (ending.outcome.kind != Outcome::Kind::kSignal || ending.outcome.number != SIGKILL)
    return OomKill::kNo;
  if (usage.group_oom >= 0) return usage.group_oom > 0 ? OomKill::kCertainly : OomKill::kNo;
  bool counted = usage.machine_oom_before >= 0 && usage.machine_oom > usage.machine_oom_before;
  bool large = ending.peak_bytes >= usage.memory_bytes / kLargeShare;
  return counted && large ? OomKill::kProbably : OomKill::kNo;
}

json::Value DescribeEnding(const Ending& ending, const LaunchPlan& plan,
                           const std::string& working_folder) {
  json::Value out;
  switch (ending.outcome.kind) {
    case Outcome::Kind::kExecFailed:
      return DescribeExecFailure(ending, plan);
    case Outcome::Kind::kCode:
      if (ending.outcome.number == 0 && !ending.timed_out) return {};
      out = DescribeExit(ending, working_folder);
      break;
    case Outcome::Kind::kSignal:
      out = UserError(DeathBySignal(ending), AdviceForSignal(ending));
      out.Set("signal", ending.outcome.number);
      break;
  }
  if (ending.timed_out) {
    out.Set("message", "The run was ended after its max_run_duration_seconds (" +
                           std::to_string(plan.max_run_duration_seconds) + ")");
    out.Set("next_step", "Raise max_run_duration_seconds or do less in one run.");
  }
  json::Array lines;
  for (std::string& line : LastLines(ending.log_tail, kLastLines)) lines.push_back(std::move(line));
  out.Set("last_lines", std::move(lines));
  return out;
}

json::Value DescribeMissingScript(const LaunchPlan& plan, const std::vector<std::string>& files) {
  auto near = NearMatches(plan.script, files);
  std::string next = near.empty() ? "Check the script's name and that no ignore rule leaves it out."
                                  : "Did you mean " + Join(near, " or ") + "?";
  return UserError("Script '" + plan.script + "' is not in the snapshot of the source folder",
                   next);
}

}  // namespace rw::executor
