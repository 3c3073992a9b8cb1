#include "executor/build_fetcher.h"

#include "base/log.h"
#include "base/strings.h"

namespace rw::executor {
namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(100);
/// Packing a large build takes the server a while.
constexpr auto kListTimeout = std::chrono::minutes(30);

const char* NameOf(env::PackForm form) { return form == env::PackForm::kImage ? "image" : "files"; }

bool IsHeld(const Error& error) { return error.code() == Code::kConflict; }

}  // namespace

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
      lifetime_.Bind([this, status, then = std::move(then)] {
        if (!*status) return Fail(status->error());
        then();
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
        if (lock_) return List();
        context_.loop.After("build.look_again", kLookAgain, lifetime_.Bind([this] { Look(); }));
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
  if (bytecode_alone_)
    std::erase_if(*packs, [](const auto& p) { return p.kind != env::PackKind::kBytecode; });
  if (bytecode_alone_ && packs->empty()) return (void)(done_ = nullptr);  // not made yet
  Fetch(*std::move(packs));
}

/// All at once; a small one would else wait for a large one's last piece.
void BuildFetcher::Fetch(env::BuildPacks packs) {
  PackRoute route{context_, server_, path_, form_, node_};
  for (env::BuildPack& pack : packs)
    packs_.push_back(std::make_unique<PackFetch>(route, std::move(pack)));
  arriving_ = packs_.size();
  if (packs_.empty()) return Publish(0);
  for (size_t i = 0; i < packs_.size(); i++)
    packs_[i]->Start([this, i](const Status& status) {
      if (!status) return FailLater(i, status);
      if (--arriving_ == 0) Publish(0);
    });
}

/// One after the other: a build is complete when its byte code is there, and usable when it is.
void BuildFetcher::Publish(size_t index) {
  if (index < packs_.size())
    return packs_[index]->Publish([this, index](const Status& status) {
      status ? Publish(index + 1) : FailLater(index, status);
    });
  lock_.reset();
  LOG_INFO(bytecode_alone_ ? "build.bytecode_fetched" : "build.fetched", {"build", build_id_});
  std::exchange(done_, nullptr)({});
}

/// Ends all fetches; this one is at work just now.
void BuildFetcher::FailLater(size_t index, const Status& status) {
  if (failed_.empty()) failed_ = packs_[index]->digest().Hex();
  context_.loop.Post("build.failed", lifetime_.Bind([this, status] {
    if (packs_.empty()) return;  // another one failed, too
    packs_.clear();
    Fail(status.error());
  }));
}

/// Once: the server looks at what it has, and makes it anew where that is damaged.
bool BuildFetcher::TakeAnew(const Error& error) {
  if (error.code() != Code::kCorrupt || failed_.empty() || !refused_.empty()) return false;
  LOG_WARN("build.refused", {"build", build_id_}, {"error", error.message()});
  warnings_.push_back({"environment", "While build " + build_id_.substr(0, 12) +
                                          " was fetched to this node, " + error.message() +
                                          "; it was fetched again."});
  refused_ = std::exchange(failed_, "");
  List();
  return true;
}

void BuildFetcher::Fail(const Error& error) {
  if (!done_ || TakeAnew(error)) return;
  std::string text = error.message();
  if (text.find(build_id_.substr(0, 12)) == std::string::npos)
    text.insert(0, "build " + build_id_.substr(0, 12) + ": ");
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
