// Routes of runs and of what belongs to them. Each is called once by Core.
#pragma once

#include "server/router.h"
#include "server/run_service.h"

namespace rw::server {

void RegisterRunRoutes(Router& router, RunService& service);
void RegisterRunListRoute(Router& router, RunService& service);
void RegisterAllocationRoutes(Router& router, RunService& service);
void RegisterJournalRoutes(Router& router, RunService& service);
void RegisterMetricRoutes(Router& router, RunService& service);
void RegisterSystemMetricRoutes(Router& router, RunService& service);
void RegisterMetricReadRoutes(Router& router, RunService& service);
void RegisterLogRoutes(Router& router, RunService& service);
void RegisterComputeRoutes(Router& router, RunService& service);
/// Of runs and of experiments.
void RegisterDeletionRoutes(Router& router, RunService& service);

}  // namespace rw::server
