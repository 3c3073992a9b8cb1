#include "server/log_store.h"

#include <algorithm>

#include "base/log.h"
#include "base/mutant.h"
#include "meta/run_row.h"
#include "os/paths.h"

namespace rw::server {
namespace {

constexpr size_t kMostShown = 4 << 20;

Result<std::shared_ptr<os::File>> OpenLog(os::FileSystem& fs, const std::string& path) {
  std::string folder = os::DirName(path);
  TRY(fs.MakeDirs(folder, 0700));
  auto file = TRY(fs.Open(path, os::OpenMode::kReadWrite, 0600));
  TRY(fs.SyncDir(folder));
  TRY(fs.SyncDir(os::DirName(folder)));
  return std::shared_ptr<os::File>(std::move(file));
}

Result<std::string> BytesOf(os::FileSystem& fs, const net::Body& body) {
  if (!body.file) return body.bytes;
  std::string text = TRY(os::ReadFile(fs, body.file->path()));
  return text.substr(body.file->offset(), body.file->size());
}

}  // namespace

Result<LogStore::RunLogs*> LogStore::Load(const std::string& run_id) {
  auto known = runs_.find(run_id);
  if (known != runs_.end()) return &known->second;
  auto run = TRY(meta::LoadRun(context_.read, run_id));
  RunLogs loaded;
  loaded.run_row = run.row;
  auto rows = TRY(context_.read.Prepare("SELECT name, number, size FROM logs WHERE run_row = ?"));
  rows.Bind(run.row);
  while (TRY(rows.Step())) {
    Log& log = loaded.logs[rows.Text(0)];
    log.number = rows.Int(1);
    log.size = rows.Int(2);
  }
  return &(runs_[run_id] = std::move(loaded));
}

Result<LogStore::Log*> LogStore::Find(const std::string& run_id, const std::string& name,
                                      bool make) {
  RunLogs* run = TRY(Load(run_id));
  auto known = run->logs.find(name);
  if (known != run->logs.end()) return &known->second;
  if (!make) return Error(Code::kNotFound, "run " + run_id + " has no log '" + name + "'", "name");
  int64_t number = 0;
  for (const auto& [other, log] : run->logs) number = std::max(number, log.number);
  Log& log = run->logs[name];
  log.number = number + 1;
  log.is_new = true;
  return &log;
}

void LogStore::Write(const std::string& run_id, const std::string& name, int64_t offset,
                     net::Body body, FenceClaim fence, Done done) {
  auto log = Find(run_id, name, true);
  if (!log) return done(std::move(log).error());
  (*log)->queue.push_back({offset, std::move(body), std::move(fence), std::move(done)});
  Pump(run_id, name);
}

Result<int64_t> LogStore::Preview(const std::string& run_id, const std::string& name,
                                  int64_t offset, const net::Body& body) {
  Log* log = TRY(Find(run_id, name, true));
  int64_t known = log->visible() - offset;
  auto size = static_cast<int64_t>(body.size());
  bool fits = log->shown.size() + body.size() <= kMostShown;
  if (known >= 0 && known < size && fits && !body.file) {
    Show(run_id, name, std::string_view(body.bytes).substr(static_cast<size_t>(known)));
  }
  return log->visible();
}

void LogStore::Show(const std::string& run_id, const std::string& name, std::string_view bytes) {
  (*Find(run_id, name, false))->shown.append(bytes);
  context_.events.Publish(run_id, {RunEvent::Kind::kLog, name});
}

void LogStore::Append(const std::string& run_id, const std::string& name, std::string bytes) {
  net::Body body;
  body.bytes = std::move(bytes);
  Write(run_id, name, -1, std::move(body), {}, [run_id, name](Result<Written> written) {
    if (!written)
      LOG_WARN("log.append", {"run", run_id}, {"log", name}, {"error", written.error().message()});
  });
}

void LogStore::AfterAppends(const std::string& run_id, const std::string& name, Task task) {
  auto log = Find(run_id, name, false);
  if (!log || !(*log)->busy) return task();
  Write(run_id, name, -1, {}, {}, [task = std::move(task)](const Result<Written>&) { task(); });
}

void LogStore::Pump(const std::string& run_id, const std::string& name) {
  auto found = Find(run_id, name, false);
  if (!found || (*found)->busy || (*found)->queue.empty()) return;
  Log& log = **found;
  log.busy = true;
  Piece piece = std::move(log.queue.front());
  log.queue.pop_front();
  if (piece.offset < 0) piece.offset = log.size;
  if (piece.offset > log.size) {
    return Finish(run_id, name, Written{log.size, true}, piece.done);
  }
  auto bytes = BytesOf(context_.fs, piece.body);
  if (!bytes) return Finish(run_id, name, std::move(bytes).error(), piece.done);
  auto skip = static_cast<size_t>(log.size - piece.offset);
  if (skip >= bytes->size()) return Finish(run_id, name, Written{log.size, false}, piece.done);
  Store(run_id, name, std::move(piece), bytes->substr(skip));
}

void LogStore::Store(const std::string& run_id, const std::string& name, Piece piece,
                     std::string bytes) {
  Log& log = **Find(run_id, name, false);
  // A preview showed the same bytes, unless somebody else wrote in between.
  if (!log.shown.starts_with(bytes)) {
    log.shown.clear();
    Show(run_id, name, bytes);
  }
  struct Work {
    std::shared_ptr<os::File> file;
    std::string bytes;
    Status status;
  };
  auto work = std::make_shared<Work>(Work{log.file, std::move(bytes), Ok()});
  std::string path = context_.paths.LogFile(run_id, log.number);
  int64_t at = log.size;
  os::FileSystem& fs = context_.fs;
  context_.pool.Run(
      "log.write",
      [work, path, at, &fs] {
        work->status = [&]() -> Status {
          if (!work->file) work->file = TRY(OpenLog(fs, path));
          TRY(work->file->WriteAt(static_cast<uint64_t>(at), work->bytes));
          return MutantPlanted("size_before_sync") ? Ok() : work->file->Sync();
        }();
        // A part of it may be there: that of a full disk gives its space back.
        if (!work->status && work->file) (void)work->file->Truncate(static_cast<uint64_t>(at));
      },
      [this, alive = alive_, run_id, name, work, at, piece = std::move(piece)] {
        if (!*alive) return;
        if (!work->status) return Finish(run_id, name, work->status.error(), piece.done);
        (*Find(run_id, name, false))->file = work->file;
        CommitSize(run_id, name, at + static_cast<int64_t>(work->bytes.size()), piece.fence,
                   piece.done);
      });
}

void LogStore::CommitSize(const std::string& run_id, const std::string& name, int64_t size,
                          const FenceClaim& fence, Done done) {
  int64_t run_row = (*Load(run_id))->run_row;
  int64_t number = (*Find(run_id, name, false))->number;
  int64_t now_us = context_.NowMicros();
  context_.writer.Submit(
      "log.size",
      [=](db::Connection& db) -> Status {
        TRY(CheckFence(db, fence));
        auto row = TRY(
            db.Prepare("INSERT INTO logs (run_row, name, number, size, created_us, updated_us)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (run_row, name) DO UPDATE SET"
                       " size = excluded.size, updated_us = excluded.updated_us"));
        return row.Bind(run_row).Bind(name).Bind(number).Bind(size).Bind(now_us).Run();
      },
      [this, alive = alive_, run_id, name, size, done = std::move(done)](Status status) {
        if (!*alive) return;
        if (!status) return Finish(run_id, name, status.error(), done);
        Log& log = **Find(run_id, name, false);
        log.shown.erase(0, static_cast<size_t>(size - log.size));
        log.size = size;
        log.is_new = false;
        Finish(run_id, name, Written{size, false}, done);
      });
}

void LogStore::Finish(const std::string& run_id, const std::string& name, Result<Written> result,
                      const Done& done) {
  auto log = Find(run_id, name, false);
  if (log) {
    (*log)->busy = false;
    if (!result) (*log)->shown.clear();
  }
  if (done) done(std::move(result));
  Pump(run_id, name);
  if (auto run = runs_.find(run_id); run != runs_.end() && run->second.closing) Close(run_id);
}

Result<std::vector<LogSize>> LogStore::Sizes(const std::string& run_id) {
  RunLogs* run = TRY(Load(run_id));
  std::vector<LogSize> sizes;
  for (const auto& [name, log] : run->logs) {
    if (!log.is_new || !log.shown.empty()) sizes.push_back({name, log.visible()});
  }
  return sizes;
}

Result<std::string> LogStore::Read(const std::string& run_id, const std::string& name,
                                   int64_t offset, size_t most) {
  Log* log = TRY(Find(run_id, name, false));
  if (offset >= log->visible()) return std::string();
  if (offset >= log->size) return log->shown.substr(static_cast<size_t>(offset - log->size), most);
  if (!log->file) {
    auto file = TRY(context_.fs.Open(context_.paths.LogFile(run_id, log->number),
                                     os::OpenMode::kReadWrite, 0600));
    log->file = std::move(file);
  }
  std::string bytes(std::min<size_t>(most, static_cast<size_t>(log->size - offset)), '\0');
  size_t got = TRY(log->file->ReadAt(static_cast<uint64_t>(offset), bytes));
  bytes.resize(got);
  return bytes;
}

void LogStore::Close(const std::string& run_id) {
  auto run = runs_.find(run_id);
  if (run == runs_.end()) return;
  run->second.closing = true;
  for (const auto& [name, log] : run->second.logs) {
    if (log.busy || !log.queue.empty()) return;
  }
  runs_.erase(run);
}

}  // namespace rw::server
