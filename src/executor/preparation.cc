#include "executor/preparation.h"

#include "base/log.h"
#include "cas/folder_blob_store.h"
#include "executor/folder_maker.h"

namespace rw::executor {

Preparation::Preparation(Context& context, ServerLink& server, RunFolder folder,
                         std::string grant_text, Grant grant, EnvironmentMap base_environment)
    : context_(context),
      server_(server),
      folder_(std::move(folder)),
      grant_text_(std::move(grant_text)),
      grant_(std::move(grant)),
      base_environment_(std::move(base_environment)) {}

void Preparation::Start(std::function<void(PreparationResult)> done) {
  done_ = std::move(done);
  grant_.plan.fetch.env_root.empty() ? Materialise() : FetchBuild();
}

void Preparation::Cancel() {
  canceled_->store(true);
  // Nothing that it waits for may ever come; what it began another one removes.
  if (build_) context_.loop.Post("prepare.canceled", lifetime_.Bind([this] { done_({}); }));
  build_.reset();
}

void Preparation::FetchBuild() {
  build_ = std::make_unique<BuildFetcher>(context_, server_, grant_.run.StringOr("run_id"),
                                          grant_.plan.fetch);
  build_->Start(lifetime_.Bind([this](json::Value error) {
    // It is on the stack.
    std::shared_ptr<BuildFetcher> old = std::move(build_);
    context_.loop.Post("prepare.build_drop", [old] {});
    warnings_ = old->warnings();
    if (canceled_->load()) return done_({});
    if (!error.is_null()) return done_({false, std::move(error), {}});
    Materialise();
  }));
}

void Preparation::Materialise() {
  auto result = std::make_shared<FolderResult>();
  context_.pool.Run(
      "prepare.folder",
      [result, &fs = context_.fs, folder = folder_, text = grant_text_, grant = grant_,
       url = server_.url(), base = base_environment_, canceled = canceled_] {
        *result = MakeFolder({fs, folder, text, grant, url, base, *canceled});
      },
      lifetime_.Bind([this, result] {
        if (!result->missing.empty()) return FetchMissing(std::move(result->missing));
        done_({result->error.is_null(), std::move(result->error), std::move(warnings_)});
      }));
}

void Preparation::FetchMissing(std::vector<std::string> digests) {
  wanted_ = std::move(digests);
  FetchNext();
}

void Preparation::FetchNext() {
  if (canceled_->load()) return done_({});
  if (wanted_.empty()) return Materialise();  // which knows what lies below the trees that came
  std::string digest = std::move(wanted_.back());
  wanted_.pop_back();
  net::Request request;
  request.method = "GET";
  request.path = "/api/v1/blobs/" + digest;
  server_.Call(
      std::move(request), std::chrono::hours(1),
      lifetime_.Bind([this, digest](net::Response response) {
        if (response.status != 200)
          return done_({false, json::Object{{"code", "SystemError"},
                                            {"message", "blob " + digest + " of the snapshot: " +
                                                            ErrorOf(response).message()}}});
        auto stored = std::make_shared<Status>();
        auto body = std::make_shared<net::Body>(std::move(response.body));
        context_.pool.Run(
            "prepare.blob",
            [stored, body, digest, &fs = context_.fs, root = BlobFolder(folder_)] {
              cas::FolderBlobStore store(fs, root);
              auto parsed = cas::Digest::Parse(digest);
              *stored = !parsed      ? Status(parsed.error())
                        : body->file ? store.PutFile(*parsed, body->file->path())
                                     : store.Put(*parsed, body->bytes);
            },
            lifetime_.Bind([this, stored, digest] {
              if (*stored) return FetchNext();
              LOG_WARN("prepare.blob_refused", {"digest", digest},
                       {"error", stored->error().message()});
              done_({false, json::Object{{"code", "SystemError"},
                                         {"message", stored->error().message()}}});
            }));
      }),
      ServerLink::Patience::kUntilWord);
}

}  // namespace rw::executor
