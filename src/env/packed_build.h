// Builds as packs, for nodes that do not build (docs/dev/formats/packed-build.md).
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "cas/pack_folder.h"
#include "json/value.h"

namespace rw::env {

/// Names of notes in a pack's index.
inline constexpr const char* kPackedBuildNote = "build";
inline constexpr const char* kPackedPythonNote = "python";           // digest of another pack
inline constexpr const char* kMachinePythonNote = "machine-python";  // a path that must be there
inline constexpr const char* kPythonVersionNote = "python-version";  // of which version
inline constexpr const char* kPythonFileNote = "python-file";        // FileFacts of that path
inline constexpr const char* kEditableNote = "editable:";            // and a number: a path, too
inline constexpr const char* kMovedNote = "moved:";                  // and a name: a path in it

/// "SIZE MTIME_NS" of the file that a path leads to; "" where there is none. What has the same
/// facts at the same path came from the same package.
std::string FileFacts(const std::string& path);

enum class PackKind { kPython, kBuild, kBytecode };

/// How build and byte code travel: file by file, or, for nodes that can mount it, as an image
/// beside the few files that are not the same on every node.
enum class PackForm { kFiles, kImage };
std::string_view PackKindName(PackKind kind);

struct BuildPack {
  PackKind kind = PackKind::kBuild;
  std::string file;  // where it lies on this machine
  cas::PackFacts facts;
};

/// What a node needs for a build, in the order in which it is unpacked.
using BuildPacks = std::vector<BuildPack>;

/// Blocking, minutes for a large build at its first time. Packs `build` (<folder>/builds/<id>) with
/// the interpreter that was fetched for it and its byte code, as far as that is there: each made
/// once, published by a rename in <folder>/packs. kNotFound where the build is gone;
/// kFailedPrecondition says why a build cannot travel and what to do.
Result<BuildPacks> PackBuild(const std::string& build, PackForm form, Random& random);

/// <folder>/packs/<build_id>, its byte code's and their images': what goes with a build that is
/// removed.
std::vector<std::string> PackFilesOf(const std::string& build);

/// As the server tells it to a node, and read there.
json::Value BuildPacksJson(const BuildPacks& packs);
Result<BuildPacks> ParseBuildPacks(const json::Value& value);

}  // namespace rw::env
