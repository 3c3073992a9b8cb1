#include "db/writer.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "os/file_system.h"

namespace rw::db {
namespace {

/// Runs what was posted, from the test's thread; timers are due at once.
class QueueLoop final : public Loop {
 public:
  void Post(std::string_view, Task task) override {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    wake_.notify_one();
  }
  TimerId After(std::string_view name, std::chrono::microseconds, Task task) override {
    Post(name, std::move(task));
    return 0;
  }
  void Cancel(TimerId) override {}
  void RunOne() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return !tasks_.empty(); });
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
};

std::string TempFolder() {
  std::string path = "/tmp/rw_db_test.XXXXXX";
  return mkdtemp(path.data());
}

int64_t Count(Connection& db) {
  auto statement = *db.Prepare("SELECT count(*) FROM t");
  EXPECT_TRUE(*statement.Step());
  return statement.Int(0);
}

Writer::Operation Insert(int64_t value) {
  return [value](Connection& db) -> Status {
    auto statement = TRY(db.Prepare("INSERT INTO t VALUES (?)"));
    return statement.Bind(value).Run();
  };
}

TEST(LoopWriter, AnErrorUndoesItsOwnOperationOnly) {
  QueueLoop loop;
  auto db = *Connection::Open(":memory:");
  ASSERT_TRUE(db->Execute("CREATE TABLE t (i INTEGER PRIMARY KEY)"));
  auto writer = MakeLoopWriter(loop, *db, std::chrono::microseconds(100));
  std::string outcomes;
  auto note = [&](Status status) { outcomes += status ? "+" : "-"; };
  writer->Submit("a", Insert(1), note);
  writer->Submit(
      "b",
      [](Connection& c) -> Status {
        TRY(Insert(2)(c));
        return Error(Code::kInvalidArgument, "no");
      },
      note);
  writer->Submit("c", Insert(1), note);
  writer->Submit("d", Insert(3), note);
  EXPECT_EQ(Count(*db), 0);
  loop.RunOne();
  EXPECT_EQ(outcomes, "+--+");
  EXPECT_EQ(Count(*db), 2);
}

TEST(LoopWriter, AFullDatabaseDiscardsTheBatchAndGoesOn) {
  QueueLoop loop;
  auto db = *Connection::Open(":memory:");
  ASSERT_TRUE(db->Execute("CREATE TABLE t (i); PRAGMA max_page_count=10"));
  auto writer = MakeLoopWriter(loop, *db, std::chrono::microseconds(100));
  std::vector<Code> failures;
  writer->Submit(
      "large",
      [](Connection& c) -> Status {
        auto statement = TRY(c.Prepare("INSERT INTO t VALUES (?)"));
        return statement.BindBlob(std::string(1 << 20, 'x')).Run();
      },
      [&](Status status) { failures.push_back(status.error().code()); });
  loop.RunOne();
  EXPECT_EQ(failures, std::vector<Code>{Code::kNoSpace});
  bool fine = false;
  writer->Submit("small", Insert(1), [&](Status status) { fine = status.has_value(); });
  loop.RunOne();
  EXPECT_TRUE(fine);
}

TEST(ThreadWriter, DoneComesOnTheLoopAfterTheCommit) {
  QueueLoop loop;
  std::string folder = TempFolder();
  std::string path = folder + "/db";
  auto own = *Connection::Open(path);
  ASSERT_TRUE(own->Execute("CREATE TABLE t (i INTEGER PRIMARY KEY)"));
  auto reader = *Connection::Open(path, {.read_only = true});
  EXPECT_FALSE(reader->Execute("INSERT INTO t VALUES (9)"));
  auto writer = MakeThreadWriter(loop, std::move(own));
  int done = 0;
  for (int i = 0; i < 100; i++)
    writer->Submit("insert", Insert(i), [&](Status status) {
      EXPECT_TRUE(status);
      EXPECT_GE(Count(*reader), ++done);
    });
  while (done < 100) loop.RunOne();
  EXPECT_EQ(Count(*reader), 100);
  EXPECT_TRUE(os::PosixFileSystem().RemoveTree(folder));
}

/// Done with a task, and all that it holds, before Post returns.
class EagerLoop final : public Loop {
 public:
  void Post(std::string_view, Task task) override {
    std::thread([task = std::move(task)]() mutable {
      task();
      task = nullptr;
    }).join();
  }
  TimerId After(std::string_view, std::chrono::microseconds, Task) override { return 0; }
  void Cancel(TimerId) override {}
};

TEST(ThreadWriter, WhatAnOperationHoldsIsNeverDroppedOnTheWritersThread) {
  EagerLoop loop;
  auto own = *Connection::Open(":memory:");
  std::thread::id writers;
  std::atomic<bool> dropped_there = false, dropped = false;
  {
    auto writer = MakeThreadWriter(loop, std::move(own));
    std::shared_ptr<char> held(new char, [&](char* c) {
      delete c;
      dropped_there = std::this_thread::get_id() == writers;
      dropped = true;
    });
    writer->Submit(
        "hold",
        [&writers, held = std::move(held)](Connection&) -> Status {
          writers = std::this_thread::get_id();
          return Ok();
        },
        [](const Status&) {});
  }
  EXPECT_TRUE(dropped);
  EXPECT_FALSE(dropped_there);
}

}  // namespace
}  // namespace rw::db
