#include "server/salvage.h"

#include <algorithm>

#include "base/log.h"
#include "server/journal_ingest.h"

namespace rw::server {
namespace {
constexpr size_t kPiece = 1 << 20;
constexpr auto kAgain = std::chrono::seconds(1);
constexpr const char* kLog = "azureml-logs/70_driver_log.txt";

std::string WriterOf(const std::string& file) {
  bool fits = file.size() == 20 && file.ends_with(".rwj") &&
              file.find_first_not_of("0123456789abcdef") == 16;
  return fits ? file.substr(0, 16) : "";
}

Result<std::string> Read(os::FileSystem& fs, const std::string& path, int64_t offset) {
  auto file = TRY(fs.Open(path, os::OpenMode::kRead));
  std::string bytes(kPiece, '\0');
  bytes.resize(TRY(file->ReadAt(static_cast<uint64_t>(offset), std::span<char>(bytes))));
  return bytes;
}
}  // namespace

Salvage::Salvage(ServerContext& context, LogStore& logs, std::string run_id, std::string folder,
                 Task done)
    : context_(context),
      logs_(logs),
      run_id_(std::move(run_id)),
      folder_(std::move(folder)),
      done_(std::move(done)) {}

void Salvage::Start(ServerContext& context, LogStore& logs, const std::string& run_id,
                    const std::string& folder, Task done) {
  std::shared_ptr<Salvage> self(new Salvage(context, logs, run_id, folder, std::move(done)));
  self->Find();
}

void Salvage::Find() {
  auto found = std::make_shared<std::deque<Source>>();
  context_.pool.Run(
      "salvage.find",
      [found, folder = folder_, &fs = context_.fs] {
        auto entries = fs.List(folder + "/journal");
        if (!entries) return;
        for (const os::DirEntry& entry : *entries) {
          std::string writer = WriterOf(entry.name);
          if (!writer.empty()) found->push_back({folder + "/journal/" + entry.name, writer});
        }
      },
      [self = shared_from_this(), found] {
        self->sources_ = std::move(*found);
        Source log{self->folder_ + "/" + kLog, kLog, true};
        auto sizes = self->logs_.Sizes(self->run_id_);
        for (const LogSize& one : sizes ? *sizes : std::vector<LogSize>())
          if (one.name == kLog) log.offset = one.size;
        self->sources_.push_back(std::move(log));
        self->Next();
      });
}

void Salvage::Next() {
  if (sources_.empty()) return done_();
  // An empty piece of a journal is answered with what is known of it.
  if (!sources_.front().is_log && sources_.front().offset == 0) return Ship("");
  ReadPiece();
}

void Salvage::ReadPiece() {
  auto bytes = std::make_shared<Result<std::string>>(std::string());
  context_.pool.Run(
      "salvage.read",
      [bytes, source = sources_.front(), &fs = context_.fs] {
        *bytes = Read(fs, source.path, source.offset);
      },
      [self = shared_from_this(), bytes] {
        if (*bytes && !(*bytes)->empty()) return self->Ship(std::move(**bytes));
        self->sources_.pop_front();
        self->Next();
      });
}

void Salvage::Ship(std::string bytes) {
  const Source& source = sources_.front();
  auto self = shared_from_this();
  if (source.is_log) {
    net::Body body;
    body.bytes = std::move(bytes);
    return logs_.Write(run_id_, source.name, source.offset, std::move(body), {},
                       [self](const Result<LogStore::Written>& written) {
                         if (!written) return self->Shipped(written.error());
                         self->Shipped(written->acked);
                       });
  }
  auto ingested = std::make_shared<Ingested>();
  JournalPiece piece{run_id_, source.name, source.offset, std::move(bytes), context_.NowMicros()};
  bool first = piece.bytes.empty();
  context_.writer.Submit(
      "salvage.journal",
      [ingested, piece = std::move(piece)](db::Connection& db) -> Status {
        *ingested = TRY(IngestJournal(db, piece));
        return Ok();
      },
      [self, ingested, first](const Status& status) {
        if (!status) return self->Shipped(status.error());
        if (!first || ingested->acked != 0) return self->Shipped(ingested->acked);
        self->ReadPiece();  // nothing of it is known yet
      });
}

void Salvage::Shipped(const Result<int64_t>& acked) {
  Source& source = sources_.front();
  bool moved = acked && *acked > source.offset;
  if (moved) {
    LOG_INFO("salvage.shipped", {"run", run_id_}, {"source", source.name}, {"acked", *acked});
    source.offset = *acked;
  } else if (!acked && acked.error().code() == Code::kNoSpace) {
    // Nothing of it is given up for a disk that is full at this moment.
    context_.loop.After("salvage.again", kAgain, [self = shared_from_this()] { self->Next(); });
    return;
  } else {
    if (!acked)
      LOG_WARN("salvage.refused", {"run", run_id_}, {"source", source.name},
               {"error", acked.error().message()});
    sources_.pop_front();
  }
  Next();
}

}  // namespace rw::server
