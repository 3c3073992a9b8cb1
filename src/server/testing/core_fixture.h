// Core with everything around it faked: requests go in as messages, the loop runs when the test
// says so.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "backend/testing/fake_backend.h"
#include "db/migrations.h"
#include "env/testing/fake_installer.h"
#include "meta/schema.h"
#include "os/testing/memory_file_system.h"
#include "server/core.h"

namespace rw::server::testing {

/// Virtual time; timers are run by RunUntilIdle in the order of their time, up to a limit.
class ManualLoop final : public Loop, public Clock {
 public:
  void Post(std::string_view, Task task) override { At(now_, std::move(task)); }
  TimerId After(std::string_view, std::chrono::microseconds delay, Task task) override {
    return At(now_ + delay.count(), std::move(task));
  }
  void Cancel(TimerId timer) override {
    std::erase_if(tasks_, [&](const auto& entry) { return entry.first.second == timer; });
  }
  int64_t WallMicros() override { return 1'700'000'000'000'000 + now_; }
  int64_t BootMicros() override { return 1'000'000 + now_; }
  /// Everything that is due within the next `micros`.
  void Advance(int64_t micros) {
    int64_t until = now_ + micros;
    while (!tasks_.empty() && tasks_.begin()->first.first <= until) {
      auto first = tasks_.extract(tasks_.begin());
      now_ = std::max(now_, first.key().first);
      first.mapped()();
    }
    now_ = until;
  }

 private:
  TimerId At(int64_t when, Task task) {
    tasks_[{when, ++order_}] = std::move(task);
    return order_;
  }
  std::map<std::pair<int64_t, TimerId>, Task> tasks_;
  int64_t now_ = 0;
  TimerId order_ = 0;
};

class PostingPool final : public WorkerPool {
 public:
  explicit PostingPool(Loop& loop) : loop_(loop) {}
  void Run(std::string_view name, Task work, Task done) override {
    loop_.Post(name, [work = std::move(work), done = std::move(done)] {
      work();
      done();
    });
  }

 private:
  Loop& loop_;
};

/// What was streamed to a follower.
class RecordingSink final : public net::StreamSink {
 public:
  bool Write(std::string bytes) override {
    if (closed) return false;
    written += bytes;
    return true;
  }
  void Close() override { closed = true; }
  void OnClosed(std::function<void()> callback) override { on_closed = std::move(callback); }
  std::string written;
  bool closed = false;
  std::function<void()> on_closed;
};

struct Answer {
  std::optional<net::Response> response;
  std::shared_ptr<RecordingSink> stream;
  json::Value json() const {
    auto value = json::Parse(response ? response->body.bytes : "");
    return value ? *value : json::Value();
  }
  int status() const { return response ? response->status : 0; }
};

class RecordingResponder final : public net::Responder {
 public:
  explicit RecordingResponder(std::shared_ptr<Answer> answer) : answer_(std::move(answer)) {}
  void Send(net::Response response) override { answer_->response = std::move(response); }
  std::shared_ptr<net::StreamSink> Stream(net::Response head) override {
    answer_->response = std::move(head);
    answer_->stream = std::make_shared<RecordingSink>();
    return answer_->stream;
  }

 private:
  std::shared_ptr<Answer> answer_;
};

class CoreFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fs.MakeDirs("/data", 0700));
    db = *db::Connection::Open(":memory:");
    ASSERT_TRUE(db::Migrate(*db, meta::Migrations()));
    ASSERT_TRUE(Auth::InsertOwnerToken(*db, owner, 1));
    StartCore();
  }

  void StartCore() {
    core.reset();
    writer = db::MakeLoopWriter(loop, *db, std::chrono::microseconds(100));
    auto made = Core::Create({.loop = loop,
                              .pool = pool,
                              .clock = loop,
                              .random = SystemRandom(),
                              .fs = fs,
                              .backend = backend,
                              .read = *db,
                              .writer = *writer,
                              .paths = Paths("/data"),
                              .options = options,
                              .installer = &installer});
    ASSERT_TRUE(made) << made.error().ToString();
    core = *std::move(made);
    core->Start();
  }

  /// Not answered yet: Advance until it is.
  std::shared_ptr<Answer> Begin(const std::string& method, const std::string& target,
                                std::string body = {}, const std::string& token = owner,
                                const std::string& range = {}) {
    net::Request request;
    request.method = method;
    EXPECT_TRUE(request.SetTarget(target));
    request.body.bytes = std::move(body);
    if (!token.empty()) request.headers["Authorization"] = "Bearer " + token;
    if (!range.empty()) request.headers["Range"] = range;
    auto answer = std::make_shared<Answer>();
    core->Handle(std::move(request), std::make_shared<RecordingResponder>(answer));
    return answer;
  }
  Answer Do(const std::string& method, const std::string& target, std::string body = {},
            const std::string& token = owner, const std::string& range = {}) {
    auto answer = Begin(method, target, std::move(body), token, range);
    for (int i = 0; i < 100 && !answer->response; i++) loop.Advance(100);
    EXPECT_TRUE(answer->response) << method << " " << target << " has no answer";
    return *answer;
  }

  /// A workspace; its id.
  std::string MakeWorkspace() {
    return Do("POST", "/api/v1/workspaces", R"({"name":"ws","exist_ok":true})")
        .json()
        .StringOr("id");
  }
  /// A bare row, without its own life.
  void InsertRun(const std::string& id, const std::string& workspace,
                 const std::string& parent = {}) {
    auto insert = *db->Prepare(
        "INSERT INTO runs (id, workspace_id, experiment_id, experiment, number, type, status,"
        " parent_id, root_id, created_us) VALUES (?,?,'e','exp',1,'azureml.scriptrun','Running',"
        "nullif(?,''),'r',1)");
    insert.Bind(id).Bind(workspace).Bind(parent);
    ASSERT_TRUE(insert.Run());
  }

  static inline const std::string owner = std::string(64, 'a');
  ManualLoop loop;
  PostingPool pool{loop};
  os::testing::MemoryFileSystem fs;
  backend::testing::FakeBackend backend;
  env::testing::FakeInstaller installer{loop};
  CoreOptions options;
  std::unique_ptr<db::Connection> db;
  std::unique_ptr<db::Writer> writer;
  std::unique_ptr<Core> core;
};

}  // namespace rw::server::testing
