#include "env/packed_build.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "base/log.h"
#include "base/strings.h"
#include "env/build_folder.h"
#include "env/bytecode.h"
#include "env/packed_image.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {

using os::PosixFileSystem;
constexpr const char* kImageEnding = ".image";

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
    options_.notes[kPythonFileNote] = FileFacts(python);
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

std::string FileFacts(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return "";
  return std::to_string(info.st_size) + " " +
         std::to_string(int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec);
}

Result<BuildPacks> PackBuild(const std::string& build, PackForm form, Random& random) {
  return Maker(build, form, random).Run();
}

std::vector<std::string> PackFilesOf(const std::string& build) {
  std::string file = PacksOf(build) + "/" + os::BaseName(build);
  return {file, file + ".bytecode", file + kImageEnding, file + ".bytecode" + kImageEnding};
}

}  // namespace rw::env
