// Heartbeats: the executor's long poll for commands. They store nothing, so they cost no COMMIT.
#include <algorithm>

#include "base/mutant.h"
#include "server/run_service.h"

namespace rw::server {
namespace {

constexpr int64_t kLongestWaitMs = 60'000;
/// A command is told again only after this: an executor that is acting on it asks again at once.
constexpr int64_t kTellAgainUs = 2'000'000;
constexpr int64_t kGraceMs = 10'000;

/// One heartbeat that waits.
struct Poll {
  CallPtr call;
  std::shared_ptr<void> subscription;
  TimerId timer = 0;
  bool answered = false;
};

json::Value Commands(bool cancel) {
  json::Value commands = json::Array();
  if (cancel) {
    json::Value one = json::Object();
    one.Set("type", "cancel").Set("grace_ms", kGraceMs);
    commands.Append(std::move(one));
  }
  json::Value out = json::Object();
  return out.Set("commands", std::move(commands));
}

}  // namespace

json::Value RunService::CommandsFor(const std::string& run_id) {
  auto run = meta::FindRun(context_.read, run_id);
  if (!run || !*run) return Commands(false);
  const model::RunState& state = (*run)->state;
  bool wanted = (state.cancel_requested || state.end_requested) && !model::IsTerminal(state.status);
  auto live = live_.find(run_id);
  if (!wanted || live == live_.end()) return Commands(false);
  if (live->second.told_boot_us != 0 && MutantPlanted("cancel_told_once")) return Commands(false);
  int64_t now = context_.clock.BootMicros();
  if (live->second.told_boot_us != 0 && now - live->second.told_boot_us < kTellAgainUs) {
    return Commands(false);
  }
  return Commands(true);
}

void RunService::Heartbeat(CallPtr call) {
  auto body = call->JsonBody();
  if (!body) return call->Fail(body.error());
  auto wait_ms = json::OptionalInt(*body, "wait_ms", 0, 0, kLongestWaitMs);
  if (!wait_ms) return call->Fail(wait_ms.error());
  if (call->principal.allocation_id != call->Param("id")) {
    return call->Fail(Error(Code::kPermissionDenied, "only the executor of allocation " +
                                                         call->Param("id") + " may do this"));
  }
  Status fresh = CheckFence(context_.read, FenceOf(*call));
  if (!fresh) return call->Fail(fresh.error());
  std::string run_id = call->principal.run_id;
  if (auto live = live_.find(run_id); live != live_.end()) {
    live->second.heard_boot_us = context_.clock.BootMicros();
  }
  NoteSilence(run_id, {.kind = model::EventKind::kHeard, .now_us = context_.NowMicros()});
  // A poll that waits is heard of again only at its end.
  int64_t longest_us = context_.options.silent_seconds * 1'000'000 / 3;
  // An executor that came back after its command was told is to hear it again soon.
  if (auto live = live_.find(run_id); live != live_.end() && live->second.told_boot_us != 0) {
    int64_t again_us = live->second.told_boot_us + kTellAgainUs - context_.clock.BootMicros();
    if (again_us > 0) longest_us = std::min(longest_us, again_us);
  }
  AnswerCommands(std::move(call), run_id, std::min(*wait_ms * 1000, longest_us));
}

void RunService::AnswerCommands(CallPtr call, const std::string& run_id, int64_t wait_us) {
  auto poll = std::make_shared<Poll>();
  poll->call = std::move(call);
  poll->call->at_hand.reset();  // it waits for an event
  auto answer = [this, poll, run_id](bool at_end) {
    if (poll->answered) return;
    json::Value commands = CommandsFor(run_id);
    bool any = !commands["commands"].as_array().empty();
    if (!any && !at_end) return;
    poll->answered = true;
    if (poll->timer != 0) context_.loop.Cancel(poll->timer);
    poll->subscription.reset();
    if (auto live = live_.find(run_id); live != live_.end()) {
      live->second.heard_boot_us = context_.clock.BootMicros();
      if (any) live->second.told_boot_us = live->second.heard_boot_us;
    }
    poll->call->Json(commands);
  };
  answer(wait_us == 0);
  if (poll->answered) return;
  auto live = live_.find(run_id);
  if (live == live_.end()) return answer(true);
  poll->subscription = context_.events.Subscribe(
      run_id, [this, alive = alive_, answer, run_id](const RunEvent& event) {
        if (!*alive || event.kind != RunEvent::Kind::kCommand) return;
        answer(!live_.contains(run_id));  // a run that is gone has no more commands
      });
  poll->timer = context_.loop.After("heartbeat", std::chrono::microseconds(wait_us),
                                    [alive = alive_, answer, poll] {
                                      if (!*alive) return;
                                      poll->timer = 0;
                                      answer(true);
                                    });
}

void RunService::NoteSilence(const std::string& run_id, const model::RunEvent& event) {
  auto run = meta::FindRun(context_.read, run_id);
  if (!run || !*run) return;
  auto after = model::Apply((*run)->state, event);
  if (!after || *after == (*run)->state) return;
  context_.writer.Submit(
      "run.heard",
      [run_id, event](db::Connection& db) -> Status {
        auto row = TRY(meta::LoadRun(db, run_id));
        TRY(meta::ApplyToRun(db, row, event));
        return Ok();
      },
      [this, alive = alive_, run_id](const Status&) {
        if (*alive) context_.events.Publish(run_id, {RunEvent::Kind::kStatus, ""});
      });
}

}  // namespace rw::server
