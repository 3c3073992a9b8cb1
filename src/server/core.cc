#include "server/core.h"

#include "server/routes.h"

namespace rw::server {

struct Core::Parts {
  explicit Parts(Deps given)
      : deps(std::move(given)),
        blobs(deps.fs, deps.paths.blobs),
        closures(blobs),
        verified(deps.fs, blobs),
        auth(deps.read, deps.clock, deps.random),
        context{deps.loop,   deps.pool, deps.clock, deps.random, deps.fs,
                deps.read,   deps.writer, blobs,    closures,    verified,
                events,      auth,      deps.paths, deps.options} {}

  Deps deps;
  cas::FolderBlobStore blobs;
  cas::ClosureChecker closures;
  VerifiedBlobs verified;
  EventHub events;
  Auth auth;
  ServerContext context;
  Router router;
};

Core::Core(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Core::~Core() = default;

ServerContext& Core::context() { return parts_->context; }
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
  RegisterServerRoutes(router, context, core->parts_->deps.stop);
  RegisterWorkspaceRoutes(router, context);
  RegisterBlobRoutes(router, context);
  RegisterSnapshotRoutes(router, context);
  RegisterArtifactRoutes(router, context);
  RegisterModelRoutes(router, context);
  RegisterLoginRoutes(router, context);
  return core;
}

void Core::Start() {}

Status Core::CheckHead(const net::Request& head) {
  std::string allowed;
  auto match = parts_->router.Find(head, &allowed);
  if (match && match->route != nullptr && match->route->access == Access::kPublic) return Ok();
  auto principal = TRY(parts_->auth.Authenticate(head));
  if (match && match->route != nullptr && match->route->access == Access::kOwner &&
      !principal.is_owner())
    return Error(Code::kPermissionDenied, "only the owner's token may use " + head.method + " " +
                                              match->route->pattern);
  return Ok();
}

void Core::Handle(net::Request request, std::shared_ptr<net::Responder> responder) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->responder = std::move(responder);
  Status allowed = CheckHead(call->request);
  if (!allowed) return call->Fail(allowed.error());
  auto principal = parts_->auth.Authenticate(call->request);
  if (principal) call->principal = *std::move(principal);
  parts_->router.Dispatch(std::move(call));
}

}  // namespace rw::server
