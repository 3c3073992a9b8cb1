#include "executor/build_fetcher.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "env/build_folder.h"

namespace rw::executor {
namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(100);
/// Packing a large build takes the server a while.
constexpr auto kListTimeout = std::chrono::minutes(30);
constexpr auto kPieceTimeout = std::chrono::minutes(5);
/// What is on its way at a time; each is held in memory (cas::kPieceBytes).
constexpr size_t kAtOnce = 4;

const char* NameOf(env::PackForm form) { return form == env::PackForm::kImage ? "image" : "files"; }

bool IsHeld(const Error& error) { return error.code() == Code::kConflict; }

}  // namespace

/// One pack on its way.
struct BuildFetcher::Item {
  env::BuildPack pack;
  std::shared_ptr<os::FileLock> lock;
  std::string index;
  std::shared_ptr<env::NodeBuilds::Arrival> arrival;
  size_t next = 0;     // piece to ask for
  size_t at_work = 0;  // pieces that are asked for, or written; the look at the Python
};

BuildFetcher::BuildFetcher(Context& context, ServerLink& server, const std::string& run_id,
                           const FetchPlan& plan)
    : context_(context),
      server_(server),
      path_("/api/v1/runs/" + PercentEncode(run_id) + "/build"),
      node_(plan.env_root, plan.build_id),
      build_id_(plan.build_id) {}

void BuildFetcher::Start(std::function<void(json::Value error)> done) {
  done_ = std::move(done);
  Look();
}

void BuildFetcher::Work(std::string_view name, std::function<Status()> work,
                        std::function<void()> then) {
  auto status = std::make_shared<Status>();
  context_.pool.Run(
      name, [status, work = std::move(work)] { *status = work(); },
      lifetime_.Bind([this, status, life = life_, then = std::move(then)] {
        if (!done_ || life != life_) return;  // another part of it failed
        if (!*status) return Fail(status->error());
        then();
      }));
}

void BuildFetcher::Later(void (BuildFetcher::*step)()) {
  context_.loop.After("build.look_again", kLookAgain, lifetime_.Bind([this, step] {
    if (done_) (this->*step)();
  }));
}

void BuildFetcher::Look() {
  struct Seen {
    bool there = false;
    std::shared_ptr<os::FileLock> lock;
    env::PackForm form = env::PackForm::kFiles;
  };
  auto seen = std::make_shared<Seen>();
  Work(
      "build.look",
      [seen, node = node_, &random = context_.random]() -> Status {
        seen->there = node.IsThere();
        if (seen->there) return Ok();
        auto lock = node.Lock();
        if (!lock) return IsHeld(lock.error()) ? Ok() : Status(std::move(lock).error());
        // Somebody may have just come to the end of it.
        seen->there = node.IsThere();
        if (seen->there) return Ok();
        seen->lock = std::make_shared<os::FileLock>(*std::move(lock));
        seen->form = node.Form(random);
        return Ok();
      },
      [this, seen] {
        form_ = NameOf(seen->form);
        if (seen->there) return std::exchange(done_, nullptr)({});
        lock_ = seen->lock;
        lock_ ? List() : Later(&BuildFetcher::Look);
      });
}

void BuildFetcher::StartBytecode(Task done) {
  bytecode_alone_ = true;
  done_ = [done = std::move(done)](const json::Value& error) {
    if (error.is_null()) done();
  };
  auto there = std::make_shared<bool>(false);
  auto form = std::make_shared<env::PackForm>();
  Work(
      "build.look",
      [there, form, node = node_, &random = context_.random]() -> Status {
        *there = node.HasBytecode();
        if (!*there) *form = node.Form(random);
        return Ok();
      },
      [this, there, form] {
        if (*there) return (void)(done_ = nullptr);
        form_ = NameOf(*form);
        List();
      });
}

void BuildFetcher::List() {
  net::Request request;
  request.method = "GET";
  request.path = path_;
  request.query = {{"form", form_}};
  if (!refused_.empty()) request.query.emplace_back("refused", refused_);
  server_.Call(std::move(request), kListTimeout,
               lifetime_.Bind([this](const net::Response& response) { Listed(response); }),
               ServerLink::Patience::kUntilWord);
}

void BuildFetcher::Listed(const net::Response& response) {
  if (response.status != 200) return Fail(ErrorOf(response));
  auto body = json::Parse(response.body.bytes);
  auto packs =
      body ? env::ParseBuildPacks((*body)["packs"]) : Result<env::BuildPacks>(body.error());
  if (!packs) return Fail(packs.error());
  packs_ = *std::move(packs);
  if (bytecode_alone_)
    std::erase_if(packs_, [](const auto& p) { return p.kind != env::PackKind::kBytecode; });
  if (bytecode_alone_ && packs_.empty()) return (void)(done_ = nullptr);  // not made yet
  std::reverse(packs_.begin(), packs_.end());
  Next();
}

void BuildFetcher::Next() {
  item_.reset();
  if (packs_.empty()) {
    lock_.reset();
    LOG_INFO("build.fetched", {"build", build_id_});
    return std::exchange(done_, nullptr)({});
  }
  item_ = std::make_shared<Item>();
  item_->pack = std::move(packs_.back());
  packs_.pop_back();
  LockItem();
}

void BuildFetcher::LockItem() {
  auto there = std::make_shared<bool>(false);
  Work(
      "build.lock",
      [there, item = item_, node = node_]() -> Status {
        *there = node.IsThere(item->pack);
        if (*there) return Ok();
        auto lock = node.Lock(item->pack);
        if (!lock) return IsHeld(lock.error()) ? Ok() : Status(std::move(lock).error());
        *there = node.IsThere(item->pack);
        if (!*there) item->lock = std::make_shared<os::FileLock>(*std::move(lock));
        return Ok();
      },
      [this, there] {
        if (*there) return Next();
        item_->lock ? FetchIndex(0) : Later(&BuildFetcher::LockItem);
      });
}

void BuildFetcher::Get(uint64_t offset, uint64_t size, ServerLink::Callback callback) {
  net::Request request;
  request.method = "GET";
  request.path = path_ + "/" + item_->pack.facts.digest.Hex();
  request.query = {{"form", form_}};
  request.headers["Range"] =
      "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + size - 1);
  server_.Call(
      std::move(request), kPieceTimeout,
      lifetime_.Bind([this, life = life_, callback = std::move(callback)](net::Response response) {
        if (!done_ || life != life_) return;
        if (response.status != 206) return Fail(ErrorOf(response));
        callback(std::move(response));
      }),
      ServerLink::Patience::kUntilWord);
}

void BuildFetcher::FetchIndex(uint64_t at) {
  const cas::PackFacts& facts = item_->pack.facts;
  if (at >= facts.index_bytes) return Begin();
  uint64_t size = std::min(cas::kPieceBytes, facts.index_bytes - at);
  Get(facts.content_bytes + at, size, [this, at, size](const net::Response& response) {
    if (response.body.bytes.size() != size)
      return Fail(Error(Code::kCorrupt, "the pack's index arrived cut short"));
    item_->index += response.body.bytes;
    FetchIndex(at + size);
  });
}

void BuildFetcher::Begin() {
  Work(
      "build.begin",
      [item = item_, node = node_, &random = context_.random]() -> Status {
        item->arrival = TRY(node.Begin(item->pack, item->index, random));
        item->index.clear();
        return Ok();
      },
      [this] {
        item_->at_work++;
        Work(
            "build.python",
            [item = item_, node = node_] { return node.CheckPython(*item->arrival); },
            [this] {
              item_->at_work--;
              Ask();
            });
        Ask();
      });
}

void BuildFetcher::Ask() {
  const auto& pieces = item_->arrival->unpacker->pieces();
  while (item_->at_work <= kAtOnce && item_->next < pieces.size()) {
    item_->at_work++;
    AskPiece(item_->next++);
  }
  if (item_->at_work == 0) Publish();
}

void BuildFetcher::AskPiece(size_t piece) {
  const auto& wanted = item_->arrival->unpacker->pieces()[piece];
  if (wanted.size == 0) return Arrived(piece, {});
  Get(wanted.offset, wanted.size,
      [this, piece](net::Response response) { Arrived(piece, std::move(response)); });
}

void BuildFetcher::Arrived(size_t piece, net::Response response) {
  auto body = std::make_shared<std::string>(std::move(response.body.bytes));
  Work(
      "build.unpack",
      [item = item_, piece, body] { return item->arrival->unpacker->Put(piece, *body); },
      [this] {
        item_->at_work--;
        Ask();
      });
}

void BuildFetcher::Publish() {
  Work(
      "build.publish",
      [item = item_, node = node_] { return node.Publish(item->pack, *item->arrival); },
      [this] { Next(); });
}

/// What arrived of a pack that goes no further. A worker may still write a piece of it: the rest
/// goes with the next fetching.
void BuildFetcher::Drop() {
  auto item = std::exchange(item_, nullptr);
  if (!item || !item->arrival) return;
  context_.pool.Run(
      "build.drop", [item] { (void)env::RemoveBuild(item->arrival->part); }, [] {});
}

/// Once: the server looks at what it has, and makes it anew where that is damaged.
bool BuildFetcher::TakeAnew(const Error& error) {
  if (error.code() != Code::kCorrupt || !item_ || !refused_.empty()) return false;
  LOG_WARN("build.refused", {"build", build_id_}, {"error", error.message()});
  warnings_.push_back({"environment", "While build " + build_id_.substr(0, 12) +
                                          " was fetched to this node, " + error.message() +
                                          "; it was fetched again."});
  refused_ = item_->pack.facts.digest.Hex();
  life_++;
  packs_.clear();
  Drop();
  List();
  return true;
}

void BuildFetcher::Fail(const Error& error) {
  if (!done_ || TakeAnew(error)) return;
  std::string text = error.message();
  if (text.find(build_id_.substr(0, 12)) == std::string::npos)
    text.insert(0, "build " + build_id_.substr(0, 12) + ": ");
  Drop();
  LOG_WARN("build.not_fetched", {"build", build_id_}, {"error", text});
  bool users = error.code() == Code::kFailedPrecondition;
  json::Value out;
  out.Set("code", users ? "UserError" : "SystemError");
  out.Set("message", "The environment could not be fetched to this node: " + text);
  if (error.code() == Code::kCorrupt)
    out.Set(
        "next_step",
        "The server's copy is whole or was made anew, and arrived damaged all the same: look at "
        "the node's memory and network, and submit again.");
  if (error.code() == Code::kNoSpace)
    out.Set("next_step", "Free disk space on the node and submit again.");
  std::exchange(done_, nullptr)(std::move(out));
}

}  // namespace rw::executor
