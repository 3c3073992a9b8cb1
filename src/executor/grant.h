// How an executor begins (state/claim.json) and what the server grants it (state/grant.json).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace rw::executor {

struct Claim {
  std::string allocation_id;
  std::string run_id;
  std::string secret;
  std::string server_url;
  std::string endpoint_file;  // "" where the node does not see the server's folder
};
Result<Claim> ParseClaim(std::string_view text);

/// A file of an earlier run that this one begins with.
struct ResumeFile {
  std::string path;  // below the folder that the script is told of
  std::string digest;
};

/// What runs share and must not change: overlaid or read-only in the script's own view.
struct Protection {
  std::string build;               // folder of the build; "": none
  std::string bytecode;            // folder of its byte code, which may not be there (yet)
  std::vector<std::string> cache;  // of the installer
};

/// A build that this node does not make but fetches.
struct FetchPlan {
  std::string env_root;  // the node's folder of builds; "": nothing to fetch
  std::string build_id;
};

/// The container that the script runs in.
struct ImagePlan {
  std::string engine;  // absolute path of podman or docker; "": no container
  std::string id;
  std::string interpreter;                       // as it is called in the image
  std::string guard;                             // path of runwright-guard on the node
  std::string user;                              // "0:0"; "": the engine's default
  std::vector<std::string> gpu_arguments;        // of the engine, where the node has GPUs
  std::map<std::string, std::string> variables;  // what the engine's client needs
};

/// What a run asks of its container (the member "container" of its submission).
struct ContainerPlan {
  std::string shm_size;                // "2g"; "": our default
  std::vector<std::string> arguments;  // of the engine
  std::optional<bool> gpu;             // absent: where the node has any
};

/// What downloads of URLs that begin with `prefix` are answered from.
struct SourceRule {
  std::string prefix;
  std::string folder;
  std::string mirror;  // another URL, in place of a folder
};

/// What to run. Exactly one of script and command is set.
struct LaunchPlan {
  std::string snapshot_id;  // "": an empty folder
  std::string script;
  std::string command;
  std::vector<std::string> arguments;
  std::string interpreter;
  std::map<std::string, std::string> environment_variables;
  std::vector<std::string> path_prepend;
  std::string sdk_path;
  std::string log_name;
  bool resumes = false;  // there is an earlier run to go on from
  std::vector<ResumeFile> resume_files;
  std::string blob_dir;                  // "": blobs come over HTTP
  int64_t max_run_duration_seconds = 0;  // 0: no limit
  int64_t finalizing_seconds = 3600;     // bound on shipping what is left after the end
  Protection protect;
  FetchPlan fetch;
  ImagePlan image;
  ContainerPlan container;
  std::vector<std::string> shims;   // names of compatibility shims
  std::vector<SourceRule> sources;  // longest prefix first
  std::string data_cache;           // folder that libraries keep data in; "": their own
};

struct Grant {
  std::string token;
  int64_t fence = 0;
  int64_t attempt = 1;
  json::Value run;  // the members of run.json
  LaunchPlan plan;
};
/// kInvalidArgument names the member that is missing or wrong.
Result<Grant> ParseGrant(std::string_view text);

}  // namespace rw::executor
