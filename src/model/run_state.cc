#include "model/run_state.h"

#include <algorithm>
#include <cstring>

namespace rw::model {
namespace {

using S = RunStatus;

RunState Ended(RunState s, S status, int64_t end_us) {
  s.status = status;
  s.reason = {};
  s.end_us = std::max(end_us, s.start_us);  // also where the clock was set back meanwhile
  if (status != S::kFailed) s.error = nullptr;
  return s;
}

json::Value DeclaredError(const json::Value& declared) {
  const json::Value& given = declared["error"];
  json::Value error = json::Object();
  error.Set("code", given.StringOr("code", "UserError"));
  error.Set("message", given.StringOr("message", "The run called fail()."));
  if (!given["details"].is_null()) error.Set("details", given["details"]);
  return error;
}

RunState EndedAsDeclared(RunState s, int64_t end_us) {
  bool failed = s.declared.StringOr("status") == "Failed";
  if (failed) {
    json::Value error = DeclaredError(s.declared);
    if (s.exit.is_object()) {
      for (const auto& [key, value] : s.exit.as_object()) error.Set(key, value);
    }
    s.error = std::move(error);
  }
  return Ended(std::move(s), failed ? S::kFailed : S::kCompleted, end_us);
}

/// What becomes of a run all of whose processes ended and whose files are shipped.
RunState Outcome(RunState s, int64_t now_us) {
  int64_t end_us = s.end_us != 0 ? s.end_us : now_us;
  if (s.cancel_requested) return Ended(std::move(s), S::kCanceled, end_us);
  if (s.end_requested || s.declared.StringOr("status") == "Failed") {
    return EndedAsDeclared(std::move(s), end_us);
  }
  if (!s.exit.is_object()) {
    s.error = SystemError("The run's supervisor ended without telling how the script ended.",
                          "Look into azureml-logs/70_driver_log.txt, then submit again.");
    return Ended(std::move(s), S::kFailed, end_us);
  }
  if (s.exit.IntOr("exit_code", -1) == 0) return Ended(std::move(s), S::kCompleted, end_us);
  if (s.error.is_null()) s.error = ErrorOfExit(s.exit, nullptr);
  return Ended(std::move(s), S::kFailed, end_us);
}

Result<RunState> OnWait(RunState s, const RunEvent& e) {
  if (!IsBeforeStart(e.status)) {
    return Error(Code::kInternal, "not a waiting state: " + std::string(StatusName(e.status)));
  }
  if (!IsBeforeStart(s.status)) {
    return Error(Code::kConflict,
                 "the run is " + std::string(StatusName(s.status)) + ", it cannot wait any more");
  }
  s.status = e.status;
  s.reason = e.reason;
  return s;
}

Result<RunState> OnStarted(RunState s, const RunEvent& e) {
  if (!s.exit.is_null() || IsTerminal(s.status)) return s;  // told late
  if (s.start_us == 0) s.start_us = e.time_us != 0 ? e.time_us : e.now_us;
  if (s.cancel_requested || s.end_requested) return s;
  s.status = S::kRunning;
  s.reason = {};
  return s;
}

Result<RunState> OnExited(RunState s, const RunEvent& e) {
  if (!s.exit.is_null() || IsTerminal(s.status)) return s;
  json::Value exit = json::Object();
  for (const char* key : {"exit_code", "signal", "exec_error"}) {
    if (!e.value[key].is_null()) exit.Set(key, e.value[key]);
  }
  if (exit.as_object().size() != 1) {
    return Error(Code::kInvalidArgument,
                 "an exit record has exactly one of exit_code, signal, exec_error", "exit_code");
  }
  s.exit = std::move(exit);
  s.end_us = e.time_us != 0 ? e.time_us : e.now_us;
  // By the monotonic clock, where the executor could tell: the wall clock may have been set.
  int64_t duration_us = e.value.IntOr("duration_us", -1);
  if (duration_us >= 0 && s.start_us != 0) s.end_us = s.start_us + duration_us;
  if (e.value["summary"].is_object()) s.summary = e.value["summary"];
  if (s.exit.IntOr("exit_code", -1) != 0) s.error = ErrorOfExit(s.exit, e.value["error"]);
  if (!s.cancel_requested) {
    s.status = S::kFinalizing;
    s.reason = {"collecting outputs and logs", 0};
  }
  return s;
}

Result<RunState> OnAttemptFailed(RunState s, const RunEvent& e) {
  if (IsTerminal(s.status)) return s;
  int64_t end_us = s.end_us != 0 ? s.end_us : e.time_us != 0 ? e.time_us : e.now_us;
  if (s.cancel_requested) return Ended(std::move(s), S::kCanceled, end_us);
  if (s.end_requested) return EndedAsDeclared(std::move(s), end_us);
  s.error = e.value;
  return Ended(std::move(s), S::kFailed, end_us);
}

Result<RunState> OnCancel(RunState s, const RunEvent& e) {
  if (IsTerminal(s.status) || s.cancel_requested) return s;
  s.cancel_requested = true;
  if (!s.supervised || !e.has_allocation) {
    return Ended(std::move(s), S::kCanceled, e.time_us != 0 ? e.time_us : e.now_us);
  }
  s.status = S::kCancelRequested;
  s.reason = {"waiting until the run's processes have ended", 0};
  return s;
}

Result<RunState> OnDeclare(RunState s, const RunEvent& e) {
  if (IsTerminal(s.status)) return s;
  // fail() stays whatever complete() says later: a `with run:` block completes on its way out.
  if (s.declared.StringOr("status") != "Failed") s.declared = e.value;
  if (s.supervised) return s;
  return EndedAsDeclared(std::move(s), e.time_us != 0 ? e.time_us : e.now_us);
}

Result<RunState> OnEnd(RunState s, const RunEvent& e) {
  if (IsTerminal(s.status) || s.cancel_requested || s.end_requested) return s;
  s.declared = e.value;
  s.end_requested = true;
  if (!s.supervised || !e.has_allocation) return EndedAsDeclared(std::move(s), e.now_us);
  s.status = S::kFinalizing;
  s.reason = {"waiting until the run's processes have ended", 0};
  return s;
}

Result<RunState> OnSilent(RunState s, const RunEvent& e) {
  if (s.status != S::kRunning && s.status != S::kFinalizing) return s;
  s.status = S::kNotResponding;
  s.reason = e.reason;
  if (s.reason.text.empty()) s.reason = {"no word from the run's executor; it is looked for", 0};
  return s;
}

Result<RunState> OnHeard(RunState s, const RunEvent& e) {
  if (e.value.is_object() && !s.supervised && !IsTerminal(s.status)) s.process = e.value;
  if (s.status != S::kNotResponding) return s;
  bool ending = !s.exit.is_null() || s.end_requested;
  s.status = ending ? S::kFinalizing : S::kRunning;
  s.reason = ending ? Reason{"collecting outputs and logs", 0} : Reason{};
  return s;
}

}  // namespace

Result<RunState> Apply(const RunState& before, const RunEvent& event) {
  switch (event.kind) {
    case EventKind::kWait:
      return OnWait(before, event);
    case EventKind::kStarted:
      return OnStarted(before, event);
    case EventKind::kExited:
      return OnExited(before, event);
    case EventKind::kFinished:
      if (IsTerminal(before.status)) return before;
      return Outcome(before, event.now_us);
    case EventKind::kAttemptFailed:
      return OnAttemptFailed(before, event);
    case EventKind::kCancel:
      return OnCancel(before, event);
    case EventKind::kDeclare:
      return OnDeclare(before, event);
    case EventKind::kEnd:
      return OnEnd(before, event);
    case EventKind::kSilent:
      return OnSilent(before, event);
    case EventKind::kHeard:
      return OnHeard(before, event);
  }
  return Error(Code::kInternal, "unknown run event");
}

json::Value ErrorOfExit(const json::Value& exit, const json::Value& detail) {
  json::Value error = json::Object();
  error.Set("code", "UserError");
  if (exit["exit_code"].is_int()) {
    error.Set("message", "The script ended with exit code " +
                             std::to_string(exit["exit_code"].as_int()) + ".");
    error.Set("next_step", "Read the end of azureml-logs/70_driver_log.txt.");
  } else if (exit["signal"].is_int()) {
    int64_t signal = exit["signal"].as_int();
    const char* name = sigabbrev_np(static_cast<int>(signal));
    error.Set("message", "The script was killed by " +
                             (name != nullptr ? "SIG" + std::string(name)
                                              : "signal " + std::to_string(signal)) +
                             ".");
    error.Set("next_step", signal == 9
                               ? "Nobody canceled the run: look for the kernel's out-of-memory "
                                 "killer (dmesg), or for somebody who ran kill -9."
                               : "Read the end of azureml-logs/70_driver_log.txt.");
  } else {
    error.Set("message",
              "The script could not be started: " + json::Write(exit["exec_error"]) + ".");
    error.Set("next_step", "Check the interpreter or command of the run.");
  }
  for (const auto& [key, value] : exit.as_object()) error.Set(key, value);
  if (!detail.is_object()) return error;
  for (const auto& [key, value] : detail.as_object()) {
    if (!value.is_null()) error.Set(key, value);
  }
  return error;
}

json::Value SystemError(std::string message, std::string next_step) {
  json::Value error = json::Object();
  error.Set("code", "SystemError");
  error.Set("message", std::move(message));
  if (!next_step.empty()) error.Set("next_step", std::move(next_step));
  return error;
}

}  // namespace rw::model
