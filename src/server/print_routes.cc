#include <algorithm>
#include <cstdio>

#include "backend/local_backend.h"
#include "db/migrations.h"
#include "meta/schema.h"
#include "net/asio_loop.h"
#include "os/process.h"
#include "server/serve.h"

namespace rw::server {
namespace {

std::string_view AccessName(Access access) {
  switch (access) {
    case Access::kToken:
      return "token";
    case Access::kOwner:
      return "owner";
    case Access::kPublic:
      return "public";
  }
  return "";
}

Result<std::string> Table() {
  net::AsioLoop loop;
  auto pool = net::MakeThreadPool(loop, 1);
  auto db = TRY(db::Connection::Open(":memory:"));
  TRY(db::Migrate(*db, meta::Migrations()));
  auto writer = db::MakeLoopWriter(loop, *db, std::chrono::microseconds(0));
  std::string folder = "/tmp/runwright-routes." + SystemRandom().Hex(8);
  os::FileSystem& fs = os::PosixFileSystem();
  TRY(fs.MakeDirs(folder, 0700));
  backend::LocalBackend backend(fs, os::PosixProcessLauncher(), {});
  auto core = Core::Create({.loop = loop,
                            .pool = *pool,
                            .clock = SystemClock(),
                            .random = SystemRandom(),
                            .fs = fs,
                            .backend = backend,
                            .read = *db,
                            .writer = *writer,
                            .paths = Paths(folder)});
  TRY(fs.RemoveTree(folder));
  if (!core) return std::move(core).error();
  return RouteTable((*core)->router());
}

}  // namespace

std::string RouteTable(const Router& router) {
  std::vector<std::string> lines;
  for (const Router::Route& route : router.routes())
    lines.push_back(route.method + " " + route.pattern + " " +
                    std::string(AccessName(route.access)) + "\n");
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const std::string& line : lines) out += line;
  return out;
}

int PrintRoutes() {
  auto table = Table();
  if (!table) {
    std::fprintf(stderr, "runwright server: %s\n", table.error().message().c_str());
    return 1;
  }
  std::fputs(table->c_str(), stdout);
  return 0;
}

}  // namespace rw::server
