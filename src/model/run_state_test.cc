#include "model/run_state.h"

#include <gtest/gtest.h>

#include <vector>

namespace rw::model {
namespace {

using S = RunStatus;
using K = EventKind;

json::Value Json(const char* text) { return *json::Parse(text); }

RunEvent Event(K kind, const char* value = "null") {
  RunEvent e{.kind = kind, .now_us = 1000};
  e.value = Json(value);
  e.has_allocation = true;
  return e;
}

RunState After(std::vector<RunEvent> events, RunState s = {}) {
  for (const RunEvent& e : events) {
    auto next = Apply(s, e);
    EXPECT_TRUE(next) << next.error().ToString();
    if (next) s = *next;
    auto again = Apply(s, e);  // every event may be told twice
    if (again && e.kind != K::kSilent && e.kind != K::kHeard) {
      EXPECT_EQ(*again, s);
    }
  }
  return s;
}

RunEvent Wait(S status) {
  RunEvent e = Event(K::kWait);
  e.status = status;
  e.reason = {"because", 2};
  return e;
}
RunEvent Exit(const char* record) { return Event(K::kExited, record); }

struct Row {
  const char* name;
  std::vector<RunEvent> events;
  S status;
  const char* message;  // of the error; null: no error
};

TEST(RunState, Table) {
  RunEvent cancel = Event(K::kCancel), started = Event(K::kStarted), finished = Event(K::kFinished);
  RunEvent cancel_early = cancel;
  cancel_early.has_allocation = false;
  RunEvent fail = Event(K::kDeclare, R"({"status":"Failed","error":{"message":"no data"}})");
  RunEvent complete = Event(K::kDeclare, R"({"status":"Completed"})");
  RunEvent end = Event(K::kEnd, R"({"status":"Completed"})");
  RunEvent lost = Event(K::kAttemptFailed, R"({"code":"SystemError","message":"supervisor lost"})");
  RunEvent zero = Exit(R"({"exit_code":0})"), seven = Exit(R"({"exit_code":7})");
  RunEvent term = Exit(R"({"signal":15})");
  const Row rows[] = {
      {"new", {}, S::kStarting, nullptr},
      {"waits", {Wait(S::kPreparing), Wait(S::kQueued)}, S::kQueued, nullptr},
      {"runs", {Wait(S::kQueued), started}, S::kRunning, nullptr},
      {"finalizes", {started, zero}, S::kFinalizing, nullptr},
      {"completes", {started, zero, finished}, S::kCompleted, nullptr},
      {"exit code", {started, seven, finished}, S::kFailed, "The script ended with exit code 7."},
      {"fail() and exit 0", {started, fail, zero, finished}, S::kFailed, "no data"},
      {"fail() wins over complete()",
       {started, fail, complete, zero, finished},
       S::kFailed,
       "no data"},
      {"complete() and exit 0", {started, complete, zero, finished}, S::kCompleted, nullptr},
      {"complete() and exit 7",
       {started, complete, seven, finished},
       S::kFailed,
       "The script ended with exit code 7."},
      {"complete() goes on running", {started, complete}, S::kRunning, nullptr},
      {"cancel before an allocation", {Wait(S::kQueued), cancel_early}, S::kCanceled, nullptr},
      {"cancel while preparing on the node", {cancel}, S::kCancelRequested, nullptr},
      {"cancel, then started is told", {cancel, started}, S::kCancelRequested, nullptr},
      {"cancel while running", {started, cancel, term}, S::kCancelRequested, nullptr},
      {"canceled", {started, cancel, term, finished}, S::kCanceled, nullptr},
      {"canceled without a start", {cancel, finished}, S::kCanceled, nullptr},
      {"cancel while finalizing", {started, zero, cancel, finished}, S::kCanceled, nullptr},
      {"cancel after the end", {started, zero, finished, cancel}, S::kCompleted, nullptr},
      {"canceled run whose supervisor died", {started, cancel, lost}, S::kCanceled, nullptr},
      {"supervisor lost", {started, lost}, S::kFailed, "supervisor lost"},
      {"lost after the end", {started, zero, finished, lost}, S::kCompleted, nullptr},
      {"ended from outside", {started, end}, S::kFinalizing, nullptr},
      {"ended from outside: the word counts",
       {started, end, term, finished},
       S::kCompleted,
       nullptr},
      {"silent", {started, Event(K::kSilent)}, S::kNotResponding, nullptr},
      {"heard", {started, Event(K::kSilent), Event(K::kHeard)}, S::kRunning, nullptr},
      {"heard at its end",
       {started, zero, Event(K::kSilent), Event(K::kHeard)},
       S::kFinalizing,
       nullptr},
      {"exit ends silence", {started, Event(K::kSilent), zero}, S::kFinalizing, nullptr},
      {"finished and nothing known",
       {started, finished},
       S::kFailed,
       "The run's supervisor ended without telling how the script ended."},
  };
  for (const Row& row : rows) {
    RunState s = After(row.events);
    EXPECT_EQ(StatusName(s.status), StatusName(row.status)) << row.name;
    if (IsTerminal(s.status)) {
      EXPECT_EQ(s.error["message"].is_string() ? s.error["message"].as_string() : "",
                row.message != nullptr ? row.message : "")
          << row.name;
      EXPECT_NE(s.end_us, 0) << row.name;
    }
  }
}

TEST(RunState, EveryWaitingStateCarriesItsReason) {
  EXPECT_EQ(After({Wait(S::kQueued)}).reason, (Reason{"because", 2}));
  EXPECT_FALSE(After({Event(K::kCancel)}).reason.text.empty());
  EXPECT_TRUE(After({Wait(S::kQueued), Event(K::kStarted)}).reason.text.empty());
}

TEST(RunState, TimesAreTheScripts) {
  RunEvent started = Event(K::kStarted);
  started.time_us = 10;
  RunEvent exited = Exit(R"({"exit_code":0})");
  exited.time_us = 20;
  RunState s = After({started, exited, Event(K::kFinished)});
  EXPECT_EQ(s.start_us, 10);
  EXPECT_EQ(s.end_us, 20);
}

TEST(RunState, RunsWithoutProcessesEndByTheirWord) {
  RunState child;
  child.supervised = false;
  child.status = S::kRunning;
  EXPECT_EQ(After({Event(K::kDeclare, R"({"status":"Completed"})")}, child).status, S::kCompleted);
  EXPECT_EQ(After({Event(K::kCancel)}, child).status, S::kCanceled);
  EXPECT_EQ(After({Event(K::kEnd, R"({"status":"Failed"})")}, child).error.StringOr("message"),
            "The run called fail().");
}

TEST(RunState, RefusesWhatCannotFollow) {
  RunState running = After({Event(K::kStarted)});
  EXPECT_EQ(Apply(running, Wait(S::kQueued)).error().code(), Code::kConflict);
  EXPECT_EQ(Apply(running, Exit("{}")).error().code(), Code::kInvalidArgument);
}

TEST(RunState, ErrorKeepsWhatTheExecutorFound) {
  json::Value e = ErrorOfExit(Json(R"({"exit_code":1})"),
                              Json(R"({"message":"ValueError: x","line":3,"file":"train.py"})"));
  EXPECT_EQ(e.StringOr("message"), "ValueError: x");
  EXPECT_EQ(e.IntOr("exit_code", 0), 1);
  EXPECT_EQ(e.IntOr("line", 0), 3);
}

}  // namespace
}  // namespace rw::model
