#include "server/build_packs.h"

#include <algorithm>

#include "base/log.h"
#include "env/bytecode.h"
#include "server/byte_range.h"
#include "server/content.h"

namespace rw::server {
namespace {

/// ?form=
Result<env::PackForm> FormOf(const Call& call) {
  std::string form = call.request.Query("form").value_or("files");
  if (form == "files") return env::PackForm::kFiles;
  if (form == "image") return env::PackForm::kImage;
  return Error(Code::kInvalidArgument, "form must be files or image", "form");
}

}  // namespace

/// The run's own executor, or the owner: nobody else's business.
Result<meta::RunRow> BuildPacks::RunOf(const Call& call) {
  const std::string& id = call.Param("run");
  ServerContext& context = runs_.context();
  if (!call.principal.is_owner() && call.principal.run_id != id)
    return Error(Code::kPermissionDenied,
                 "only the executor of run " + id + " may fetch its build");
  TRY(context.auth.MayReadRun(call.principal, id));
  auto run = TRY(meta::FindRun(context.read, id));
  if (!run || run->build_id.empty())
    return Error(Code::kNotFound, "run " + id + " has no build to fetch");
  return *std::move(run);
}

const env::BuildPacks* BuildPacks::Known(const Key& key) {
  auto known = known_.find(key);
  if (known == known_.end()) return nullptr;
  const env::BuildPacks& packs = known->second;
  os::FileSystem& fs = runs_.context().fs;
  bool all = std::all_of(packs.begin(), packs.end(),
                         [&](const env::BuildPack& pack) { return os::Exists(fs, pack.file); });
  // Byte code is made after the build.
  bool compiled = packs.back().kind == env::PackKind::kBytecode ||
                  !os::Exists(fs, env::BytecodeFolder(environments_.BuildFolder(key.first)));
  if (all && compiled) return &packs;
  known_.erase(known);
  return nullptr;
}

void BuildPacks::Packs(const Key& key, Done done) {
  if (const env::BuildPacks* known = Known(key)) return done(*known);
  auto& waiting = waiting_[key];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  auto made = std::make_shared<Result<env::BuildPacks>>();
  ServerContext& context = runs_.context();
  context.pool.Run(
      "env.pack",
      [made, build = environments_.BuildFolder(key.first), form = key.second,
       &random = context.random] { *made = env::PackBuild(build, form, random); },
      [this, made, key, alive = alive_] {
        if (!*alive) return;
        if (*made) known_[key] = **made;
        auto all = waiting_.extract(key);
        for (const Done& one : all.mapped()) one(*made);
      });
}

void BuildPacks::List(const CallPtr& call) {
  auto run = RunOf(*call);
  auto form = FormOf(*call);
  if (!run || !form) return call->Fail(run ? form.error() : run.error());
  Key key{run->build_id, *form};
  if (!Known(key) && !call->principal.is_owner())
    runs_.NoteFetching(run->id, "packing the build for the node");
  Examine(key, call->request.Query("refused").value_or(""), [this, call, key] {
    Packs(key, [call, key](const Result<env::BuildPacks>& packs) {
      if (!packs) return call->Fail(packs.error());
      json::Value out;
      call->Json(out.Set("build_id", key.first).Set("packs", env::BuildPacksJson(*packs)));
    });
  });
}

void BuildPacks::Examine(const Key& key, const std::string& digest, std::function<void()> then) {
  std::string file;
  if (const env::BuildPacks* known = digest.empty() ? nullptr : Known(key))
    for (const env::BuildPack& pack : *known)
      if (pack.facts.digest.Hex() == digest) file = pack.file;
  if (file.empty()) return then();
  runs_.context().pool.Run(
      "env.examine_pack",
      [file] {
        Status good = cas::VerifyPack(file);
        if (good) return;
        LOG_WARN("env.pack_damaged", {"file", file}, {"error", good.error().message()});
        (void)os::PosixFileSystem().Remove(file);
      },
      [then = std::move(then), alive = alive_] {
        if (*alive) then();
      });
}

void BuildPacks::Get(const CallPtr& call) {
  auto run = RunOf(*call);
  auto form = FormOf(*call);
  if (!run || !form) return call->Fail(run ? form.error() : run.error());
  // After a start of the server they are looked at again.
  Packs({run->build_id, *form}, [this, call](const Result<env::BuildPacks>& packs) {
    if (!packs) return call->Fail(packs.error());
    Answer(call, *packs);
  });
}

void BuildPacks::Answer(const CallPtr& call, const env::BuildPacks& packs) {
  const std::string& digest = call->Param("digest");
  auto pack = std::find_if(packs.begin(), packs.end(), [&](const env::BuildPack& one) {
    return one.facts.digest.Hex() == digest;
  });
  if (pack == packs.end())
    return call->Fail(Error(Code::kNotFound, "run " + call->Param("run") + " has no pack " +
                                                 digest.substr(0, 80) +
                                                 " of its build; ask for the list again"));
  uint64_t size = pack->facts.content_bytes + pack->facts.index_bytes;
  auto range = ParseByteRange(call->request.Header("Range"), size);
  if (range && *range && !call->principal.is_owner()) {
    // The index, which is asked for first, lies behind the contents.
    bool index = (*range)->offset >= pack->facts.content_bytes;
    uint64_t done = index ? 0 : (*range)->offset + (*range)->size;
    runs_.NoteFetched(call->Param("run"), digest, {done, pack->facts.content_bytes});
  }
  AnswerFile(call, pack->file, size, digest);
}

void RegisterBuildPackRoutes(Router& router, BuildPacks& packs) {
  router.Add("GET", "/api/v1/runs/{run}/build",
             [&packs](const CallPtr& call) { packs.List(call); });
  router.Add("GET", "/api/v1/runs/{run}/build/{digest}",
             [&packs](const CallPtr& call) { packs.Get(call); });
}

}  // namespace rw::server
