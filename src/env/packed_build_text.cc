#include <algorithm>
#include <array>

#include "env/packed_build.h"

namespace rw::env {
namespace {
constexpr std::array<std::string_view, 3> kNames = {"python", "build", "bytecode"};
}  // namespace

std::string_view PackKindName(PackKind kind) { return kNames[static_cast<size_t>(kind)]; }

json::Value BuildPacksJson(const BuildPacks& packs) {
  json::Array out;
  for (const BuildPack& pack : packs) {
    json::Value one;
    one.Set("kind", PackKindName(pack.kind)).Set("digest", pack.facts.digest.Hex());
    one.Set("index_bytes", pack.facts.index_bytes).Set("content_bytes", pack.facts.content_bytes);
    out.push_back(one.Set("files", pack.facts.files));
  }
  return out;
}

Result<BuildPacks> ParseBuildPacks(const json::Value& value) {
  BuildPacks out;
  if (!value.is_array()) return Error(Code::kInvalidArgument, "packs: not a list", "packs");
  for (const json::Value& one : value.as_array()) {
    BuildPack pack;
    std::string kind = TRY(json::RequireString(one, "kind"));
    auto at = std::find(kNames.begin(), kNames.end(), kind);
    if (at == kNames.end())
      return Error(Code::kInvalidArgument, "packs: unknown kind '" + kind + "'", "packs");
    pack.kind = static_cast<PackKind>(at - kNames.begin());
    pack.facts.digest = TRY(cas::Digest::Parse(TRY(json::RequireString(one, "digest"))));
    constexpr int64_t kMost = INT64_MAX / 4;
    pack.facts.index_bytes = static_cast<uint64_t>(
        TRY(json::OptionalInt(one, "index_bytes", 0, 1, int64_t{cas::kMaxIndexBytes})));
    pack.facts.content_bytes =
        static_cast<uint64_t>(TRY(json::OptionalInt(one, "content_bytes", 0, 0, kMost)));
    pack.facts.files = static_cast<uint64_t>(TRY(json::OptionalInt(one, "files", 0, 0, kMost)));
    out.push_back(std::move(pack));
  }
  return out;
}

}  // namespace rw::env
