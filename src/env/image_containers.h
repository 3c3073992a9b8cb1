// What is started for images, as command lines and files: pure.
#pragma once

#include <string>
#include <vector>

#include "env/container_engine.h"
#include "env/python_version.h"
#include "env/variables.h"

namespace rw::env {

inline constexpr std::string_view kImageEnvironment = "/opt/runwright/env";

/// A Python of an image as an Interpreter's path: "sha256:<hex>:/usr/bin/python3".
std::string PathInImage(const std::string& image, const std::string& path);
std::string ImageOfPath(const std::string& path);
std::string InsideOfPath(const std::string& path);
/// What stands for the Python of an image that has none: no version, and a path inside that is "".
Interpreter WithoutPython(const std::string& image);

/// A short-lived container that works on an image: the guard is its first process and reads
/// `part`/inside; whoever holds the lock on `part` keeps it alive.
struct WorkContainer {
  std::string engine;
  std::string image;
  std::string name;
  std::string part;   // folder of this work, seen under its own path
  std::string guard;  // of the node
  std::vector<std::string> read_only;
  std::vector<std::string> writable;
  std::string uv;  // of the node; "": not shown
};
inline constexpr std::string_view kUvInside = "/run/runwright-uv";
/// "run" (removed at its end), or "create".
std::vector<std::string> WorkCommand(const WorkContainer& container, bool keep);

/// The bytes of `part`/inside. Variables go in here, so that no engine keeps them.
std::string InsideText(const std::vector<std::string>& arguments, const Variables& variables,
                       const std::string& working_folder);

/// Absolute paths that requirement lines, indexes and find-links name on this machine.
std::vector<std::string> LocalPaths(const EnvironmentSpec& spec, const Variables& uv);

/// What asks a Python about itself, and the answer.
std::vector<std::string> ProbeArguments();
Result<Interpreter> ReadProbe(const std::string& image, std::string_view out);

/// builds/<build_id>/image.json.
struct ImageRecord {
  std::string engine;
  std::string image;        // "sha256:…", what is started
  std::string interpreter;  // as it is called there
  std::string bin;          // folder for PATH there; "": the image's own PATH
  std::string tag;          // ours; "": the image came as it is
  std::string base;         // our tag of the image below it; "": not made by us
  std::string images;       // EngineFacts
  std::string user;
};
json::Value ToJson(const ImageRecord& record);
Result<ImageRecord> ReadImageRecord(std::string_view text);

}  // namespace rw::env
