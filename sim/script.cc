#include "sim/script.h"

#include "json/value.h"

namespace rw::sim {

using executor::Outcome;
using journal::Kind;

Script::Script(World& world, os::testing::MemoryFileSystem& disk, std::string folder,
               const std::string& run_id, ScriptPlan plan, OnExit on_exit)
    : world_(world),
      disk_(disk),
      folder_(std::move(folder)),
      run_id_(run_id),
      plan_(plan),
      on_exit_(std::move(on_exit)) {}

std::unique_ptr<journal::Writer> Script::NewJournal() {
  WriterId writer(world_.random.Hex(8));
  json::Value open = json::Object();
  open.Set("run_id", run_id_).Set("writer", writer.str()).Set("version", 1);
  open.Set("boot_id", "simulated-boot");
  std::string folder = folder_ + "/journal";
  auto created = journal::Writer::Create(disk_, world_, folder, writer, json::Write(open));
  CHECK(created);
  if (journal_path_.empty()) journal_path_ = journal::Writer::PathOf(folder, writer);
  return *std::move(created);
}

void Script::Start() {
  running_ = true;
  began_us_ = world_.now();
  journal_ = NewJournal();
  if (plan_.two_writers) forked_ = NewJournal();
  if (forked_) world_.coverage.Hit("script:two-writers");
  auto log = disk_.Open(folder_ + "/azureml-logs/70_driver_log.txt", os::OpenMode::kAppend);
  CHECK(log);
  log_ = *std::move(log);
  world_.At(world_.now() + plan_.step_us, "script:step",
            [self = shared_from_this()] { self->Step(); });
}

void Script::Step() {
  if (!running_) return;
  for (ScriptChild& child : children_)
    if (child.ended && child.lasted_us < 0 && !damaged() && world_.random.Chance(0.2))
      EndChild(child);
  if (step_ >= plan_.points && !plan_.endless) {
    if (plan_.output_bytes > 0) {
      output_.assign(plan_.output_bytes, '\0');
      world_.random.Fill(output_.data(), output_.size());
      CHECK(os::WriteFileAtomically(disk_, folder_ + "/work/outputs/model.bin", output_));
      world_.coverage.Hit("script:output");
    }
    return End({Outcome::Kind::kCode, plan_.exit_code});
  }
  int every = plan_.points / (plan_.children + 1) + 1;
  if (plan_.children > static_cast<int>(children_.size()) && step_ % every == every - 1 &&
      !damaged())
    MakeChild();
  LogPoint();
  world_.At(world_.now() + plan_.step_us, "script:step",
            [self = shared_from_this()] { self->Step(); });
}

void Script::LogPoint() {
  bool forked = forked_ && step_ % 3 == 2;
  uint64_t before = journal_->size();
  // An endless script says nothing new after a while: its journal need not grow for minutes.
  if (step_ < 2000) {
    CHECK((forked ? forked_ : journal_)
              ->AppendNumber({.value = static_cast<double>(step_), .name = "i"}));
    CHECK(log_->Append(std::to_string(step_) + "\n"));
    if (step_ == plan_.damage_at) Damage(before);
    step_++;
  }
}

/// One bit of the value on the disk, as bad memory or a bad cable would do it.
void Script::Damage(uint64_t size_before) {
  auto file = disk_.Open(journal_path_, os::OpenMode::kReadWrite);
  CHECK(file);
  uint64_t at = size_before + journal::kPrefixSize + journal::kHeadSize + 4;
  char byte = 0;
  CHECK((*file)->ReadAt(at, std::span(&byte, 1)));
  byte = static_cast<char>(byte ^ 0x10);
  CHECK((*file)->WriteAt(at, std::string_view(&byte, 1)));
  world_.coverage.Hit("script:damaged-record");
}

void Script::MakeChild() {
  ScriptChild child{run_id_ + "_c" + std::to_string(children_.size()), children_.size() % 2 == 0, 3,
                    world_.now()};
  json::Value made = json::Object();
  made.Set("run_id", child.run_id).Set("parent_id", run_id_).Set("name", "child");
  json::Value here = json::Object(), back = json::Object();
  here.Set("run_id", child.run_id);
  back.Set("run_id", run_id_);
  CHECK(journal_->Append(Kind::kChild, json::Write(made)));
  CHECK(journal_->Append(Kind::kRun, json::Write(here)));
  for (int i = 0; i < child.points; i++)
    CHECK(journal_->AppendNumber({.value = static_cast<double>(i), .name = "c"}));
  CHECK(journal_->Append(Kind::kRun, json::Write(back)));
  world_.coverage.Hit(child.ended ? "script:child-ended" : "script:child-left-open");
  children_.push_back(std::move(child));
}

void Script::EndChild(ScriptChild& child) {
  json::Value end = json::Object();
  end.Set("run_id", child.run_id).Set("status", "Completed");
  CHECK(journal_->Append(Kind::kEnd, json::Write(end)));
  child.lasted_us = world_.now() - child.began_us;
}

void Script::Signal(int number) {
  if (!running_) return;
  if (plan_.stubborn) return world_.coverage.Hit("cancel:script-ignores-sigterm");
  End({Outcome::Kind::kSignal, number});
}

void Script::Kill() {
  if (running_) End({Outcome::Kind::kSignal, 9});
}

void Script::End(Outcome outcome) {
  running_ = false;
  ended_us_ = world_.now();
  if (on_exit_) on_exit_(outcome);
}

std::string Script::Log() const {
  std::string text;
  for (int i = 0; i < step_; i++) {
    text += std::to_string(i);
    text += '\n';
  }
  return text;
}

}  // namespace rw::sim
