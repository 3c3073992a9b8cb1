#include "executor/pack_fetch.h"

#include <algorithm>
#include <utility>

#include "env/build_folder.h"

namespace rw::executor {
namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(100);
constexpr auto kPieceTimeout = std::chrono::minutes(5);
/// What is on its way at a time; each is held in memory (cas::kPieceBytes).
constexpr size_t kAtOnce = 4;

}  // namespace

/// Workers may hold it for longer than the fetch lives.
struct PackFetch::Item {
  env::BuildPack pack;
  std::shared_ptr<os::FileLock> lock;
  std::string index;
  std::shared_ptr<env::NodeBuilds::Arrival> arrival;  // null: the node has it already
  size_t next = 0;                                    // piece to ask for
  size_t at_work = 0;  // pieces that are asked for, or written; the look at the Python
};

PackFetch::PackFetch(PackRoute route, env::BuildPack pack)
    : route_(std::move(route)), item_(std::make_shared<Item>()) {
  item_->pack = std::move(pack);
}

/// A worker may still write a piece: what is left goes with the next fetching.
PackFetch::~PackFetch() {
  if (!item_->arrival) return;
  route_.context.pool.Run(
      "build.drop", [item = item_] { (void)env::RemoveBuild(item->arrival->part); }, [] {});
}

const cas::Digest& PackFetch::digest() const { return item_->pack.facts.digest; }

void PackFetch::Start(Done done) {
  done_ = std::move(done);
  Lock();
}

void PackFetch::End(Status status) {
  if (done_) std::exchange(done_, nullptr)(std::move(status));
}

void PackFetch::Work(std::string_view name, std::function<Status()> work,
                     std::function<void()> then) {
  auto status = std::make_shared<Status>();
  route_.context.pool.Run(
      name, [status, work = std::move(work)] { *status = work(); },
      lifetime_.Bind([this, status, then = std::move(then)] {
        if (!done_) return;  // another part of it failed
        if (!*status) return End(*status);
        then();
      }));
}

void PackFetch::Lock() {
  auto there = std::make_shared<bool>(false);
  Work(
      "build.lock",
      [there, item = item_, node = route_.node]() -> Status {
        *there = node.IsThere(item->pack);
        if (*there) return Ok();
        auto lock = node.Lock(item->pack);
        if (!lock && lock.error().code() == Code::kConflict) return Ok();
        if (!lock) return std::move(lock).error();
        *there = node.IsThere(item->pack);
        if (!*there) item->lock = std::make_shared<os::FileLock>(*std::move(lock));
        return Ok();
      },
      [this, there] {
        if (*there) return End(Ok());
        if (item_->lock) return FetchIndex(0);
        route_.context.loop.After("build.look_again", kLookAgain,
                                  lifetime_.Bind([this] { Lock(); }));
      });
}

void PackFetch::Get(uint64_t offset, uint64_t size, ServerLink::Callback callback) {
  net::Request request;
  request.method = "GET";
  request.path = route_.path + "/" + item_->pack.facts.digest.Hex();
  request.query = {{"form", route_.form}};
  request.headers["Range"] =
      "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + size - 1);
  route_.server.Call(std::move(request), kPieceTimeout,
                     lifetime_.Bind([this, callback = std::move(callback)](net::Response response) {
                       if (!done_) return;
                       if (response.status != 206) return End(ErrorOf(response));
                       callback(std::move(response));
                     }),
                     ServerLink::Patience::kUntilWord);
}

void PackFetch::FetchIndex(uint64_t at) {
  const cas::PackFacts& facts = item_->pack.facts;
  if (at >= facts.index_bytes) return Begin();
  uint64_t size = std::min(cas::kPieceBytes, facts.index_bytes - at);
  Get(facts.content_bytes + at, size, [this, at, size](const net::Response& response) {
    if (response.body.bytes.size() != size)
      return End(Error(Code::kCorrupt, "the pack's index arrived cut short"));
    item_->index += response.body.bytes;
    FetchIndex(at + size);
  });
}

void PackFetch::Begin() {
  auto begun = std::make_shared<std::shared_ptr<env::NodeBuilds::Arrival>>();
  Work(
      "build.begin",
      [begun, item = item_, node = route_.node, &random = route_.context.random]() -> Status {
        *begun = TRY(node.Begin(item->pack, item->index, random));
        return Ok();
      },
      [this, begun] {
        item_->arrival = std::move(*begun);
        item_->index.clear();
        CheckPython();
        Ask();
      });
}

void PackFetch::CheckPython() {
  item_->at_work++;
  Work(
      "build.python",
      [item = item_, node = route_.node] { return node.CheckPython(*item->arrival); },
      [this] {
        item_->at_work--;
        Ask();
      });
}

void PackFetch::Ask() {
  const auto& pieces = item_->arrival->unpacker->pieces();
  while (item_->at_work <= kAtOnce && item_->next < pieces.size()) {
    item_->at_work++;
    AskPiece(item_->next++);
  }
  if (item_->at_work == 0) End(Ok());
}

void PackFetch::AskPiece(size_t piece) {
  const auto& wanted = item_->arrival->unpacker->pieces()[piece];
  if (wanted.size == 0) return Arrived(piece, {});
  Get(wanted.offset, wanted.size,
      [this, piece](net::Response response) { Arrived(piece, std::move(response)); });
}

void PackFetch::Arrived(size_t piece, net::Response response) {
  auto body = std::make_shared<std::string>(std::move(response.body.bytes));
  Work(
      "build.unpack",
      [item = item_, piece, body] { return item->arrival->unpacker->Put(piece, *body); },
      [this] {
        item_->at_work--;
        Ask();
      });
}

void PackFetch::Publish(Done done) {
  if (!item_->arrival) return done(Ok());
  done_ = std::move(done);
  Work(
      "build.publish",
      [item = item_, node = route_.node] { return node.Publish(item->pack, *item->arrival); },
      [this] {
        item_->arrival.reset();
        item_->lock.reset();
        End(Ok());
      });
}

}  // namespace rw::executor
