#include "executor/testing/world.h"

#include "cas/folder_blob_store.h"
#include "cas/tree.h"
#include "os/paths.h"

namespace rw::executor::testing {

World::World() {
  snapshot = MakeSnapshot();
  Write("/run/state/claim.json",
        R"({"version":1,"allocation_id":"a1","run_id":"r1","secret":"s","server_url":"http://one",)"
        R"("endpoint_file":"/endpoint"})");
  Write("/endpoint", "http://one\n");
  server.grant = json::Object{{"token", "T"},
                              {"fence", 3},
                              {"attempt", 1},
                              {"run", json::Object{{"run_id", "r1"}, {"experiment", "e"}}}};
  SetSpec("snapshot_id", snapshot);
  SetSpec("script", "train.py");
  SetSpec("blob_dir", "/blobs");
  SetSpec("interpreter", "/usr/bin/python");
}

/// train.py, and an outputs/old.txt that the author once committed.
std::string World::MakeSnapshot() {
  cas::FolderBlobStore store(fs, "/blobs");
  auto put = [&](const std::string& bytes) {
    cas::Digest digest = cas::Digest::Of(bytes);
    CHECK(store.Put(digest, bytes));
    return digest;
  };
  cas::Tree outputs = {{cas::EntryMode::kFile, put("brought"), 7, "old.txt"}};
  cas::Tree root = {{cas::EntryMode::kFolder, put(cas::EncodeTree(outputs)), 7, "outputs"},
                    {cas::EntryMode::kFile, put("print(1)"), 8, "train.py"}};
  return put(cas::EncodeTree(root)).Hex();
}

void World::SetSpec(const std::string& name, json::Value value) {
  json::Value spec = server.grant["spec"];
  spec.Set(name, std::move(value));
  server.grant.Set("spec", std::move(spec));
}

void World::Write(const std::string& path, const std::string& text) {
  CHECK(fs.MakeDirs(os::DirName(path)));
  CHECK(os::WriteFileAtomically(fs, path, text));
}

void World::Append(const std::string& path, const std::string& text) {
  CHECK(fs.MakeDirs(os::DirName(path)));
  auto file = fs.Open(path, os::OpenMode::kAppend);
  CHECK(file);
  CHECK((*file)->Append(text));
}

std::string World::Read(const std::string& path) {
  return os::ReadFile(fs, path).value_or("(none)");
}

void World::StartExecutor() {
  Context context{loop, loop, fs, loop, random};
  TransportFactory factory = [this](const std::string& url) {
    dialled.push_back(url);
    return Result<std::shared_ptr<net::Transport>>(
        std::shared_ptr<net::Transport>(std::shared_ptr<char>(), &server));
  };
  executor =
      std::make_unique<Executor>(context, factory, supervisor, nullptr,
                                 ExecutorOptions{"/run", "host", 1, {{"HOME", "/home/u"}}, &node});
  executor->OnDone([this](int status) { done = status; });
  CHECK(executor->Start());
}

void World::KillExecutor() {
  supervisor.Disconnect();
  executor.reset();
}

}  // namespace rw::executor::testing
