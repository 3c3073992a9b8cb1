#include "sim/notebook.h"

#include <algorithm>

#include "base/mutant.h"
#include "json/value.h"

namespace rw::sim {
namespace {

constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kShipUs = 200'000;
constexpr int64_t kLongestPauseUs = 5 * kSecondUs;
constexpr int64_t kEndUs = 10 * kSecondUs;  // how long an end waits for the server

std::string RunPath(const std::string& run) { return "/api/v1/runs/" + run; }

bool IsTerminal(const std::string& status) {
  return status == "Completed" || status == "Failed" || status == "Canceled";
}

json::Value BodyOf(const net::Response& response) {
  return json::Parse(response.body.bytes).value_or(json::Value());
}

}  // namespace

/// `runwright sync RUN`: what the journal holds beyond what is acked, then the end.
struct Notebook::Sync {
  Sync(Notebook& of)
      : notebook(of),
        loop(of.world_, "sync"),
        server(loop, of.place_.network.Connect(loop, of.place_.port, std::make_shared<Line>()),
               of.place_.token) {}
  void Start() {
    server.Ask("GET", RunPath(notebook.run_id_) + "/journal", "", [this](const net::Response& r) {
      if (r.status == 404) return Done();  // the process died before anything was begun
      Ship(static_cast<uint64_t>(BodyOf(r)["writers"].IntOr(notebook.writer_, 0)));
    });
  }
  void Ship(uint64_t from) {
    std::string bytes = notebook.begun() ? notebook.Unshipped(from) : "";
    if (bytes.empty() || MutantPlanted("sync_forgets")) return End();
    server.Ask("POST",
               RunPath(notebook.run_id_) + "/journal?writer=" + notebook.writer_ +
                   "&offset=" + std::to_string(from),
               bytes, [this](const net::Response& r) {
                 auto acked = static_cast<uint64_t>(BodyOf(r).IntOr("acked", 0));
                 Ship(acked);
               });
  }
  void End() {
    server.Ask("GET", RunPath(notebook.run_id_), "", [this](const net::Response& r) {
      if (IsTerminal(BodyOf(r).StringOr("status"))) return Done();
      json::Value error = json::Object{{"message", "ended without complete() or fail()"}};
      server.Ask("POST", RunPath(notebook.run_id_) + "/end",
                 json::Write(json::Object{{"status", "Failed"}, {"error", std::move(error)}}),
                 [this](const net::Response&) { Done(); });
    });
  }
  void Done() { notebook.synced_ = true; }

  Notebook& notebook;
  ProcessLoop loop;
  Insist server;
};

Notebook::Notebook(Place place, std::string run_id, int64_t pid, NotebookPlan plan)
    : place_(place),
      world_(place.world),
      run_id_(std::move(run_id)),
      folder_("/home/" + run_id_),
      pid_(pid),
      plan_(plan),
      loop_(world_, "notebook"),
      server_(loop_,
              place.network.Connect(
                  loop_, place.port,
                  plan.here ? std::make_shared<Line>() : place.machine.LineOf("laptop-" + run_id_)),
              place.token) {}

server::LoggingProcess Notebook::process() const {
  return {plan_.here ? "server" : "laptop", pid_, 7, "simulated-boot", "pid:[1]", folder_};
}

void Notebook::Start() {
  began_ = true;
  began_us_ = world_.now();
  json::Value body = json::Object{{"experiment", "notebook"}, {"run_id", run_id_}};
  body.Set("process", process().ToJson());
  if (plan_.killed_us > 0)
    world_.At(world_.now() + plan_.killed_us, "notebook:kill",
              [self = shared_from_this()] { self->Exit("killed"); });
  server_.Ask("POST", "/api/v1/workspaces/" + place_.workspace + "/runs", json::Write(body),
              [this](const net::Response& answer) {
                CHECK(answer.status < 300);
                Begun();
              });
}

void Notebook::Begun() {
  os::FileSystem& disk = place_.machine.disk();
  CHECK(disk.MakeDirs(folder_ + "/journal", 0700));
  json::Value info = json::Object{{"kind", "interactive"}, {"run_id", run_id_}};
  CHECK(os::WriteFileAtomically(disk, folder_ + "/run.json", json::Write(info)));
  WriterId writer(world_.random.Hex(8));
  json::Value open = process().ToJson();
  open.Set("run_id", run_id_).Set("writer", writer.str()).Set("version", 1);
  auto created =
      journal::Writer::Create(disk, world_, folder_ + "/journal", writer, json::Write(open));
  CHECK(created);
  journal_ = *std::move(created);
  writer_ = writer.str();
  ship_pause_us_ = kShipUs;
  loop_.Post("step", [this] { Step(); });
  loop_.Post("tick", [this] { Tick(); });
}

bool Notebook::Sleeps(std::string_view name, void (Notebook::*again)()) {
  int64_t since = world_.now() - began_us_;
  if (plan_.asleep_us == 0 || since < plan_.asleep_us || since >= plan_.awake_us) return false;
  loop_.After(name, std::chrono::microseconds(plan_.awake_us - since),
              [this, again] { (this->*again)(); });
  return true;
}

void Notebook::Step() {
  if (Sleeps("step", &Notebook::Step)) return;
  if (logged_ >= plan_.points) return SayEnd();
  if (plan_.child && !child_made_ && logged_ > plan_.points / 2) {
    json::Value made = json::Object{{"run_id", run_id_ + "_c"}, {"parent_id", run_id_}};
    CHECK(journal_->Append(journal::Kind::kChild, json::Write(made)));
    child_made_ = true;
  }
  CHECK(journal_->AppendNumber({.value = static_cast<double>(logged_), .name = "i"}));
  logged_++;
  loop_.After("step", std::chrono::microseconds(plan_.step_us), [this] { Step(); });
}

void Notebook::SayEnd() {
  if (plan_.end == NotebookPlan::End::kNoWord) return Exit("no-word");
  bool fine = plan_.end == NotebookPlan::End::kComplete;
  json::Value end = json::Object{{"run_id", run_id_}, {"status", fine ? "Completed" : "Failed"}};
  if (!fine) end.Set("error", json::Object{{"message", "it said so"}});
  CHECK(journal_->Append(journal::Kind::kEnd, json::Write(end)));
  said_end_ = true;
  leave_by_us_ = world_.now() + kEndUs;
}

void Notebook::Exit(std::string_view why) {
  if (gone_) return;
  gone_ = true;
  loop_.Kill();
  std::string point = "notebook:";
  point += why;
  if (why == "killed") point += plan_.here ? "-here" : "-elsewhere";
  world_.coverage.Hit(point);
  if (plan_.synced_us > 0)
    world_.At(world_.now() + plan_.synced_us, "notebook:sync",
              [self = shared_from_this()] { self->StartSync(); });
}

/// The SDK's thread in the background.
void Notebook::Tick() {
  if (Sleeps("tick", &Notebook::Tick)) return;
  Beat();
  Ship();
  if (said_end_ && (acked_ == journal_->size() || world_.now() > leave_by_us_))
    return Exit(acked_ == journal_->size() ? "ended" : "left-something");
  loop_.After("tick", std::chrono::microseconds(ship_pause_us_), [this] { Tick(); });
}

void Notebook::Beat() {
  if (world_.now() < next_beat_us_) return;
  next_beat_us_ = world_.now() + 5 * kSecondUs;
  json::Value body = json::Object{{"process", process().ToJson()}};
  server_.Once("POST", RunPath(run_id_) + "/heartbeat", json::Write(body),
               [this](const Result<net::Response>& answer) {
                 if (!answer || answer->status != 200) return;
                 next_beat_us_ = world_.now() + BodyOf(*answer).IntOr("seconds", 5) * kSecondUs;
               });
}

std::string Notebook::Unshipped(uint64_t from) const {
  std::string path = journal::Writer::PathOf(folder_ + "/journal", WriterId(writer_));
  auto text = os::ReadFile(place_.machine.disk(), path);
  CHECK(text);
  return from < text->size() ? text->substr(from) : "";
}

void Notebook::Ship() {
  if (shipping_ || acked_ >= journal_->size()) return;
  shipping_ = true;
  server_.Once(
      "POST", RunPath(run_id_) + "/journal?writer=" + writer_ + "&offset=" + std::to_string(acked_),
      Unshipped(acked_), [this](const Result<net::Response>& answer) { Shipped(answer); });
}

void Notebook::Shipped(const Result<net::Response>& answer) {
  shipping_ = false;
  bool told = answer && (answer->status == 200 || answer->status == 409);
  ship_pause_us_ = told ? kShipUs : std::min(ship_pause_us_ * 2, kLongestPauseUs);
  if (told) acked_ = static_cast<uint64_t>(BodyOf(*answer).IntOr("acked", 0));
}

void Notebook::StartSync() {
  world_.coverage.Hit("notebook:synced");
  sync_ = std::make_shared<Sync>(*this);
  sync_->Start();
}

}  // namespace rw::sim
