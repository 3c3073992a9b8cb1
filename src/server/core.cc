#include "server/core.h"

#include <set>

#include "base/log.h"
#include "base/strings.h"
#include "db/read_transaction.h"
#include "server/build_packs.h"
#include "server/environment_service.h"
#include "server/gc_service.h"
#include "server/interpreter_gate.h"
#include "server/protocol.h"
#include "server/routes.h"
#include "server/run_routes.h"
#include "server/server_stats.h"

namespace rw::server {

namespace {

constexpr int64_t kWaitingMicros = 5'000'000;

/// When the calls that live came.
struct AtHand {
  std::multiset<int64_t> began;
};

/// Nobody fills the disk without a token.
Status CheckPublicSize(const net::Request& head) {
  constexpr int64_t kMost = 64 << 10;
  std::string length = head.Header("Content-Length");
  bool fits = length.empty() || ParseInt(length).value_or(kMost + 1) <= kMost;
  if (fits && head.Header("Transfer-Encoding").empty()) return Ok();
  return Error(Code::kTooLarge, head.path + " takes at most 64 KiB");
}

std::shared_ptr<void> Count(const std::shared_ptr<AtHand>& at_hand, int64_t now) {
  at_hand->began.insert(now);
  return std::shared_ptr<void>(
      nullptr, [at_hand, now](void*) { at_hand->began.erase(at_hand->began.find(now)); });
}

}  // namespace

struct Core::Parts {
  explicit Parts(Deps given)
      : deps(std::move(given)),
        metered(deps.writer, stats, deps.clock),
        blobs(deps.fs, deps.paths.blobs),
        closures(blobs),
        verified(deps.fs, blobs),
        auth(deps.read, deps.clock, deps.random),
        context{deps.loop,    deps.pool, deps.clock, deps.random, deps.fs,  deps.read,
                deps.readers, metered,   blobs,      closures,    verified, events,
                stats,        auth,      deps.paths, deps.options} {}

  Deps deps;
  ServerStats stats;
  MeteredWriter metered;
  cas::FolderBlobStore blobs;
  cas::ClosureChecker closures;
  VerifiedBlobs verified;
  EventHub events;
  Auth auth;
  ServerContext context;
  std::unique_ptr<EnvironmentService> environments;  // where there is an installer
  std::unique_ptr<EnvironmentGate> interpreters;     // else
  std::unique_ptr<RunService> runs;
  std::unique_ptr<BuildPacks> packs;  // where there are environments
  std::unique_ptr<GcService> gc;
  Router router;
  std::shared_ptr<AtHand> at_hand = std::make_shared<AtHand>();
  bool stopping = false;
};

Core::Core(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Core::~Core() = default;

ServerContext& Core::context() { return parts_->context; }
EnvironmentGate& Core::environments() {
  if (parts_->environments) return *parts_->environments;
  return *parts_->interpreters;
}
const Router& Core::router() const { return parts_->router; }

Result<std::unique_ptr<Core>> Core::Create(Deps deps) {
  std::unique_ptr<Core> core(new Core(std::make_unique<Parts>(std::move(deps))));
  ServerContext& context = core->context();
  const Paths& paths = context.paths;
  for (const std::string* folder :
       {&paths.blobs, &paths.spool, &paths.logs, &paths.runs, &paths.env})
    TRY(context.fs.MakeDirs(*folder, 0700));
  TRY(core->parts_->blobs.RemoveLeftovers());
  TRY(context.fs.SyncDir(paths.data));
  Router& router = core->parts_->router;
  if (env::Installer* installer = core->parts_->deps.installer) {
    core->parts_->environments = std::make_unique<EnvironmentService>(context, *installer);
    RegisterEnvironmentRoutes(router, context, *core->parts_->environments);
    RegisterBuildRoutes(router, context, *core->parts_->environments);
  } else {
    core->parts_->interpreters = std::make_unique<InterpreterGate>(
        context.fs, context.options.default_python, "/usr/local/bin:/usr/bin:/bin");
  }
  RegisterServerRoutes(router, context, core->parts_->deps.stop);
  RegisterWorkspaceRoutes(router, context);
  RegisterBlobRoutes(router, context);
  RegisterSnapshotRoutes(router, context);
  RegisterArtifactRoutes(router, context);
  RegisterModelRoutes(router, context);
  RegisterSecretRoutes(router, context);
  RegisterProfileRoutes(router, context);
  RegisterSourceRoutes(router, context);
  RegisterLoginRoutes(router, context);
  RegisterPageRoutes(router, context);
  RegisterPrometheusRoutes(router, context, core->parts_->stats);
  core->parts_->runs =
      std::make_unique<RunService>(context, core->parts_->deps.backend, core->environments());
  RunService& runs = *core->parts_->runs;
  RegisterRunRoutes(router, runs);
  RegisterRunListRoute(router, runs);
  RegisterAllocationRoutes(router, runs);
  RegisterJournalRoutes(router, runs);
  RegisterMetricRoutes(router, runs);
  RegisterSystemMetricRoutes(router, runs);
  RegisterMetricReadRoutes(router, runs);
  RegisterLogRoutes(router, runs);
  RegisterComputeRoutes(router, runs);
  RegisterDeletionRoutes(router, runs);
  if (core->parts_->environments) {
    core->parts_->packs = std::make_unique<BuildPacks>(runs, *core->parts_->environments);
    RegisterBuildPackRoutes(router, *core->parts_->packs);
  }
  core->parts_->gc = std::make_unique<GcService>(
      runs, core->parts_->environments.get(), [at_hand = core->parts_->at_hand] {
        return at_hand->began.empty() ? INT64_MAX : *at_hand->began.begin();
      });
  RegisterGcRoutes(router, context, *core->parts_->gc);
  return core;
}

void Core::Start() {
  if (parts_->environments) parts_->environments->Start();
  Status started = parts_->runs->Start();
  if (!started) LOG_ERROR("core.start", {"error", started.error().message()});
  parts_->gc->Start();
}

void Core::BeginStop() { parts_->stopping = true; }

size_t Core::RequestsAtHand() const {
  const auto& began = parts_->at_hand->began;
  auto first = began.lower_bound(parts_->deps.clock.BootMicros() - kWaitingMicros);
  return static_cast<size_t>(std::distance(first, began.end()));
}

Result<Principal> Core::Admit(const net::Request& head, const Router::Route* route) {
  bool is_public = route != nullptr && route->access == Access::kPublic;
  if (is_public) TRY(CheckPublicSize(head));
  if (!is_public) TRY(CheckProtocol(head));
  auto principal = parts_->auth.Authenticate(head);
  if (!principal && is_public) return Principal{};
  if (!principal) return principal.error();
  if (route != nullptr && route->access == Access::kOwner && !principal->is_owner())
    return Error(Code::kPermissionDenied,
                 "only the owner's token may use " + head.method + " " + route->pattern);
  return principal;
}

Status Core::CheckHead(const net::Request& head) {
  std::string allowed;
  auto match = parts_->router.Find(head, &allowed);
  TRY(Admit(head, match ? match->route : nullptr));
  return Ok();
}

void Core::Handle(net::Request request, std::shared_ptr<net::Responder> responder) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  std::string allowed_methods;
  auto match = parts_->router.Find(call->request, &allowed_methods);
  const Router::Route* route = match ? match->route : nullptr;
  call->responder = CountAnswers(parts_->stats, parts_->deps.clock, call->request,
                                 route != nullptr ? route->pattern : "other", std::move(responder));
  if (parts_->stopping)
    return call->Fail(Error(Code::kUnavailable, "the server is stopping; try again"));
  call->at_hand = Count(parts_->at_hand, parts_->deps.clock.BootMicros());
  auto one_state = db::ReadTransaction::Begin(parts_->deps.read);
  if (!one_state) return call->Fail(one_state.error());
  auto principal = Admit(call->request, route);
  if (!principal) return call->Fail(principal.error());
  call->principal = *std::move(principal);
  Router::Dispatch(std::move(call), std::move(match), allowed_methods);
}

}  // namespace rw::server
