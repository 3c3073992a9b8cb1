#include "server/salvage.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "journal/reader.h"
#include "meta/run_row.h"
#include "server/journal_ingest.h"

namespace rw::server {
namespace {
constexpr size_t kPiece = 1 << 20;
constexpr size_t kMostTold = 10;  // of what could not be stored
constexpr auto kAgain = std::chrono::seconds(1);
constexpr const char* kLog = "azureml-logs/70_driver_log.txt";

std::string WriterOf(const std::string& file) {
  bool fits = file.size() == 20 && file.ends_with(".rwj") &&
              file.find_first_not_of("0123456789abcdef") == 16;
  return fits ? file.substr(0, 16) : "";
}

/// Of a journal whole records, be one larger than a piece; what is none is for the server to judge.
Result<std::string> Read(os::FileSystem& fs, const std::string& path, int64_t offset,
                         bool is_journal) {
  auto file = TRY(fs.Open(path, os::OpenMode::kRead));
  if (is_journal) {
    journal::Reader records(*file, static_cast<uint64_t>(offset));
    auto chunk = TRY(records.Next(kPiece));
    if (!chunk.bytes.empty()) return std::move(chunk.bytes);
  }
  std::string bytes(kPiece, '\0');
  bytes.resize(TRY(file->ReadAt(static_cast<uint64_t>(offset), std::span<char>(bytes))));
  return bytes;
}
}  // namespace

Salvage::Salvage(ServerContext& context, LogStore& logs, Job job, Task done)
    : context_(context),
      logs_(logs),
      job_(std::move(job)),
      done_(std::move(done)),
      give_up_boot_us_(context.clock.BootMicros() +
                       context.options.finalizing_seconds * 1'000'000) {}

void Salvage::Start(ServerContext& context, LogStore& logs, Job job, Task done) {
  std::shared_ptr<Salvage> self(new Salvage(context, logs, std::move(job), std::move(done)));
  self->Find();
}

void Salvage::Find() {
  auto found = std::make_shared<std::deque<Source>>();
  context_.pool.Run(
      "salvage.find",
      [found, folder = job_.folder, &fs = context_.fs] {
        auto entries = fs.List(folder + "/journal");
        if (!entries) return;
        for (const os::DirEntry& entry : *entries) {
          std::string writer = WriterOf(entry.name);
          if (!writer.empty()) found->push_back({folder + "/journal/" + entry.name, writer});
        }
      },
      [self = shared_from_this(), found] {
        self->sources_ = std::move(*found);
        if (!self->job_.submitted) return self->Next();
        self->sources_.push_back({self->job_.folder + "/" + kLog, kLog, true});
        self->Next();
      });
}

void Salvage::Next() {
  if (sources_.empty()) return Outputs();
  // An empty piece is answered with what is durable of it; what followers saw may be more.
  if (sources_.front().offset < 0) return Ship("");
  ReadPiece();
}

void Salvage::ReadPiece() {
  auto bytes = std::make_shared<Result<std::string>>(std::string());
  context_.pool.Run(
      "salvage.read",
      [bytes, source = sources_.front(), &fs = context_.fs] {
        *bytes = Read(fs, source.path, source.offset, !source.is_log);
      },
      [self = shared_from_this(), bytes] {
        if (*bytes && !(*bytes)->empty()) return self->Ship(std::move(**bytes));
        self->sources_.pop_front();
        self->Next();
      });
}

void Salvage::Ship(std::string bytes) {
  const Source& source = sources_.front();
  int64_t offset = std::max<int64_t>(source.offset, 0);
  auto self = shared_from_this();
  if (source.is_log) {
    net::Body body;
    body.bytes = std::move(bytes);
    return logs_.Write(job_.run_id, source.name, offset, std::move(body), {},
                       [self](const Result<LogStore::Written>& written) {
                         if (!written) return self->Shipped(written.error());
                         self->Shipped(written->acked);
                       });
  }
  auto ingested = std::make_shared<Ingested>();
  JournalPiece piece{job_.run_id, source.name, offset, std::move(bytes), context_.NowMicros()};
  context_.writer.Submit(
      "salvage.journal",
      [ingested, piece = std::move(piece)](db::Connection& db) -> Status {
        *ingested = TRY(IngestJournal(db, piece));
        return Ok();
      },
      [self, ingested](const Status& status) {
        self->Shipped(status ? Result<int64_t>(ingested->acked) : status.error());
      });
}

void Salvage::Shipped(const Result<int64_t>& acked) {
  Source& source = sources_.front();
  if (acked && source.offset < 0) {
    source.offset = *acked;
    return ReadPiece();
  }
  bool moved = acked && *acked > source.offset;
  if (moved) {
    (source.is_log ? log_bytes_ : journal_bytes_) += *acked - source.offset;
    LOG_INFO("salvage.shipped", {"run", job_.run_id}, {"source", source.name}, {"acked", *acked});
    source.offset = *acked;
  } else if (!acked && acked.error().code() == Code::kNoSpace &&
             context_.clock.BootMicros() < give_up_boot_us_) {
    // Nothing of it is given up for a disk that is full at this moment.
    context_.loop.After("salvage.again", kAgain, [self = shared_from_this()] { self->Next(); });
    return;
  } else {
    if (!acked)
      LOG_WARN("salvage.refused", {"run", job_.run_id}, {"source", source.name},
               {"error", acked.error().message()});
    if (!acked)
      problems_.push_back(source.name + " was not taken in whole: " + acked.error().message());
    sources_.pop_front();
  }
  Next();
}

void Salvage::Outputs() {
  if (!job_.submitted) return Finish({});
  SalvageOutputs::Start(
      context_, job_.run_id, job_.folder, give_up_boot_us_,
      [self = shared_from_this()](const SalvagedOutputs& outputs) { self->Finish(outputs); });
}

std::string Salvage::Report(const SalvagedOutputs& outputs) const {
  std::vector<std::string> parts;
  if (journal_bytes_ > 0) parts.push_back(std::to_string(journal_bytes_) + " bytes of journals");
  if (log_bytes_ > 0) parts.push_back(std::to_string(log_bytes_) + " bytes of its log");
  if (outputs.files > 0)
    parts.push_back(std::to_string(outputs.files) + " files (" + std::to_string(outputs.bytes) +
                    " bytes) of outputs and logs");
  std::vector<std::string> problems = problems_;
  problems.insert(problems.end(), outputs.problems.begin(), outputs.problems.end());
  if (parts.empty() && problems.empty()) return "";
  std::string text = job_.because + " What had not been sent was collected from its folder: ";
  text += parts.empty() ? "nothing" : Join(parts, ", ");
  text += ".";
  size_t more = problems.size() > kMostTold ? problems.size() - kMostTold : 0;
  problems.resize(problems.size() - more);
  for (const std::string& problem : problems) text.append(" ").append(problem).append(".");
  if (more > 0) text += " And " + std::to_string(more) + " more like these.";
  return text;
}

void Salvage::Finish(const SalvagedOutputs& outputs) {
  std::string text = Report(outputs);
  if (text.empty()) return done_();
  context_.writer.Submit(
      "salvage.report",
      [run = job_.run_id, text](db::Connection& db) -> Status {
        auto row = TRY(meta::LoadRun(db, run));
        return meta::AddWarning(db, row.row, "salvage", text);
      },
      [self = shared_from_this()](const Status&) { self->done_(); });
}

}  // namespace rw::server
