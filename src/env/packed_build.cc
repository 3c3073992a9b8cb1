#include "env/packed_build.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "base/log.h"
#include "base/strings.h"
#include "cas/image_writer.h"
#include "env/build_folder.h"
#include "env/bytecode.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {

using os::PosixFileSystem;
constexpr const char* kImageEnding = ".image";
constexpr std::array<std::string_view, 3> kNames = {"python", "build", "bytecode"};

std::string RealPath(const std::string& path) {
  std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), free);
  return real ? real.get() : "";
}

std::string RootOf(const std::string& build) { return os::DirName(os::DirName(build)); }
std::string PacksOf(const std::string& build) { return RootOf(build) + "/packs"; }

/// "name = value" of pyvenv.cfg.
std::string VenvSetting(const std::string& text, std::string_view name) {
  for (const std::string& line : Split(text, '\n')) {
    size_t equals = line.find('=');
    if (equals == std::string::npos || Trim(line.substr(0, equals)) != name) continue;
    return std::string(Trim(std::string_view(line).substr(equals + 1)));
  }
  return "";
}

Error CannotTravel(const std::string& build, std::string_view why) {
  return {Code::kFailedPrecondition,
          "build " + os::BaseName(build).substr(0, 12) +
              " cannot be fetched by nodes that do not build: " + std::string(why)};
}

Status SetTime(const std::string& path, int64_t ns) {
  const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
  const timespec both[2] = {time, time};
  if (utimensat(AT_FDCWD, path.c_str(), both, 0) != 0)
    return ErrnoError(errno, "set the time of " + path);
  return Ok();
}

/// A file of a build in the folder that becomes its pack, with its folders, modes and times.
Status Stage(const std::string& folder, const std::string& path, const std::string& stage) {
  os::FileSystem& fs = PosixFileSystem();
  TRY(fs.MakeDirs(os::DirName(stage + "/" + path)));
  auto info = TRY(fs.Stat(folder + "/" + path));
  if (info.type == os::FileType::kSymlink)
    return fs.MakeSymlink(TRY(fs.ReadLink(folder + "/" + path)), stage + "/" + path);
  std::string bytes = TRY(os::ReadFile(fs, folder + "/" + path));
  TRY(TRY(fs.Open(stage + "/" + path, os::OpenMode::kCreateNew))->WriteAt(0, bytes));
  TRY(SetTime(stage + "/" + path, info.mtime_ns));
  return fs.SetMode(stage + "/" + path, info.mode);
}

/// Folders of `path` as they are in `from`; 0: open again, so that they can be removed.
Status SetFolderModes(const std::string& from, const std::string& path, const std::string& stage,
                      uint32_t mode) {
  for (size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    std::string folder = path.substr(0, slash);
    uint32_t wanted = mode != 0 ? mode : TRY(PosixFileSystem().Stat(from + "/" + folder)).mode;
    TRY(PosixFileSystem().SetMode(stage + "/" + folder, wanted));
  }
  return Ok();
}

/// What is the same on every node as an image, and the rest beside it.
Result<cas::PackFacts> PackImage(const std::string& folder, const std::string& part,
                                 cas::PackOptions options) {
  const std::string stage = part + "/stage";
  auto moved = TRY(cas::FindMoved(folder, options));
  TRY(PosixFileSystem().MakeDirs(stage));
  for (const std::string& path : moved) TRY(Stage(folder, path, stage));
  TRY(cas::WriteImage(folder, stage + "/" + kImageName,
                      [&, skip = std::move(options.skip)](const std::string& path) {
                        return moved.contains(path) || (skip && skip(path));
                      }));
  TRY(SetTime(stage + "/" + kImageName, 0));
  options.skip = nullptr;
  for (const std::string& path : moved) TRY(SetFolderModes(folder, path, stage, 0));
  auto facts = cas::PackFolder(stage, part + "/pack", options);
  for (const std::string& path : moved) TRY(SetFolderModes(folder, path, stage, 0755));
  return facts;
}

class Maker {
 public:
  Maker(const std::string& build, PackForm form, Random& random)
      : build_(build), form_(form), random_(random) {}

  Result<BuildPacks> Run() {
    auto venv = os::ReadFile(PosixFileSystem(), build_ + "/pyvenv.cfg", 1 << 20);
    if (!os::Exists(PosixFileSystem(), build_))
      return Error(Code::kNotFound, "build " + os::BaseName(build_) + " is no longer there");
    if (!venv)
      return CannotTravel(build_,
                          "it is an environment of conda's, whose programs hold the path that they "
                          "were installed to. Let the target build for itself (without env_root), "
                          "or ask for the packages by pip");
    if (VenvSetting(*venv, "include-system-site-packages") == "true")
      return CannotTravel(build_,
                          "it uses the packages of " + VenvSetting(*venv, "home") +
                              ", which are not part of it. Name all packages in the environment "
                              "(resolver 'exact' takes none of the interpreter's), or let the "
                              "target build for itself (without env_root)");
    TRY(PosixFileSystem().MakeDirs(PacksOf(build_), 0700));
    RemoveLeftovers(Leftovers(PacksOf(build_), false));
    options_.notes[kPackedBuildNote] = os::BaseName(build_);
    options_.notes[kPythonVersionNote] = VenvSetting(*venv, "version_info");
    options_.moved["build"] = build_;
    options_.skip = [](const std::string& path) { return path == "runwright-files"; };
    TRY(AddPython());
    NoteEditables();
    TRY(Add(PackKind::kBuild, build_, os::BaseName(build_), options_));
    std::string bytecode = BytecodeFolder(build_);
    if (os::Exists(PosixFileSystem(), bytecode))
      TRY(Add(PackKind::kBytecode, bytecode, os::BaseName(build_) + ".bytecode", {}));
    return std::move(packs_);
  }

 private:
  /// One of the machine is expected there, too; one that was fetched for builds travels.
  Status AddPython() {
    std::string python = TRY(PosixFileSystem().ReadLink(build_ + "/bin/python"));
    for (const std::string& root : {RootOf(build_), RealPath(RootOf(build_))}) {
      std::string fetched = root + "/python/";
      if (!python.starts_with(fetched)) continue;
      std::string given = python.substr(0, python.find('/', fetched.size()));
      std::string real = RealPath(given);
      if (real.empty()) break;
      options_.moved["python"] = given;
      if (real != given) options_.moved["python.2"] = real;
      cas::PackOptions options;
      options.moved = {{"python", given}};
      if (real != given) options.moved["python.2"] = real;
      TRY(Add(PackKind::kPython, real, "python-" + os::BaseName(real), options));
      options_.notes[kPackedPythonNote] = packs_.back().facts.digest.Hex();
      return Ok();
    }
    options_.notes[kMachinePythonNote] = python;
    return Ok();
  }

  /// Folders of the user's that a build only points to must be on the node as well.
  void NoteEditables() {
    std::vector<std::string> found;
    for (const os::DirEntry& lib : List(build_ + "/lib"))
      for (const os::DirEntry& one : List(build_ + "/lib/" + lib.name + "/site-packages")) {
        if (!one.name.ends_with(".dist-info")) continue;
        auto text =
            os::ReadFile(PosixFileSystem(), build_ + "/lib/" + lib.name + "/site-packages/" +
                                                one.name + "/direct_url.json");
        auto url = text ? json::Parse(*text) : Result<json::Value>(text.error());
        if (!url || !(*url)["dir_info"].BoolOr("editable", false)) continue;
        std::string path = url->StringOr("url");
        if (path.starts_with("file://"))
          found.push_back(PercentDecode(path.substr(7)).value_or(path.substr(7)));
      }
    for (size_t i = 0; i < found.size(); i++)
      options_.notes[kEditableNote + std::to_string(i)] = found[i];
  }

  static std::vector<os::DirEntry> List(const std::string& folder) {
    return PosixFileSystem().List(folder).value_or(std::vector<os::DirEntry>());
  }

  Status Add(PackKind kind, const std::string& folder, const std::string& name,
             const cas::PackOptions& options) {
    std::string file = PacksOf(build_) + "/" + name;
    if (kind != PackKind::kPython && form_ == PackForm::kImage) file += kImageEnding;
    auto facts = cas::ReadPackFacts(file);
    if (!facts) facts = TRY(Make(kind, folder, file, options));
    packs_.push_back({kind, file, *facts});
    return Ok();
  }

  Result<cas::PackFacts> Make(PackKind kind, const std::string& folder, const std::string& file,
                              const cas::PackOptions& options) {
    std::string part = NewPart(PacksOf(build_), random_);
    auto held = TRY(HoldPart(part));
    auto made = kind == PackKind::kPython || form_ == PackForm::kFiles
                    ? cas::PackFolder(folder, part + "/pack", options)
                    : PackImage(folder, part, options);
    Status moved = made ? PosixFileSystem().Rename(part + "/pack", file) : Status(made.error());
    if (moved) moved = PosixFileSystem().SyncDir(PacksOf(build_));
    (void)PosixFileSystem().RemoveTree(part);
    if (!moved) return std::move(moved).error();
    LOG_INFO("env.packed", {"file", file}, {"bytes", made->content_bytes}, {"files", made->files});
    return made;
  }

  const std::string& build_;
  const PackForm form_;
  Random& random_;
  cas::PackOptions options_;
  BuildPacks packs_;
};

}  // namespace

std::string_view PackKindName(PackKind kind) { return kNames[static_cast<size_t>(kind)]; }

Result<BuildPacks> PackBuild(const std::string& build, PackForm form, Random& random) {
  return Maker(build, form, random).Run();
}

std::vector<std::string> PackFilesOf(const std::string& build) {
  std::string file = PacksOf(build) + "/" + os::BaseName(build);
  return {file, file + ".bytecode", file + kImageEnding, file + ".bytecode" + kImageEnding};
}

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
