#include "env/packed_image.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "cas/image_writer.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {

using os::PosixFileSystem;

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

}  // namespace

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

}  // namespace rw::env
