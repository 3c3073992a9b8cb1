// One function a file of routes. Core calls each once; what is passed outlives the router.
#pragma once

#include <functional>

#include "server/router.h"
#include "server/server_context.h"

namespace rw::server {

struct ServerStats;

/// /healthz, /api/v1/server, /api/v1/openapi.yaml. `stop` is called after the answer.
void RegisterServerRoutes(Router& router, ServerContext& context, std::function<void()> stop);
void RegisterWorkspaceRoutes(Router& router, ServerContext& context);
void RegisterBlobRoutes(Router& router, ServerContext& context);
void RegisterSnapshotRoutes(Router& router, ServerContext& context);
void RegisterArtifactRoutes(Router& router, ServerContext& context);
void RegisterModelRoutes(Router& router, ServerContext& context);
void RegisterSecretRoutes(Router& router, ServerContext& context);
void RegisterProfileRoutes(Router& router, ServerContext& context);
void RegisterSourceRoutes(Router& router, ServerContext& context);
/// One-time links, the login form.
void RegisterLoginRoutes(Router& router, ServerContext& context);
/// /metrics. `stats` outlives the router.
void RegisterPrometheusRoutes(Router& router, ServerContext& context, const ServerStats& stats);
/// /runs/{run}: a run's page.
void RegisterPageRoutes(Router& router, ServerContext& context);

}  // namespace rw::server
