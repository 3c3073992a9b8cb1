// What the command line asks for, as plain structs. options.cc is the only file that sees CLI11.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace rw::cli {

/// Of every command.
struct CommonOptions {
  std::string server;
  std::string workspace;
  bool json = false;
  bool no_color = false;
};

struct InitOptions {
  std::string dir = ".";
  std::string data;
  std::string subscription_id;
  std::string resource_group;
};

enum class ServerAction { kServe, kStatus, kStop };
struct ServerOptions {
  ServerAction action = ServerAction::kServe;
  std::string data;
  std::string listen;
  std::string run_root;
  std::string container_engine;
  std::string env_root;
  int64_t finalizing_seconds = 0;  // 0: as at the last start
  int64_t silent_seconds = 0;
  bool allow_network_fs = false;
};

struct SubmitOptions {
  std::string experiment;
  std::string target = "local";
  std::string source;  // folder; default the current one
  std::string env_file;
  std::string env_name;
  std::vector<std::string> pip;
  std::string python;
  std::vector<std::string> tags;       // "K=V" or "K"
  std::vector<std::string> variables;  // "K=V"
  std::string display_name;
  int64_t max_seconds = 0;
  bool follow = false;
  bool allow_large = false;
  std::vector<std::string> words;  // script and its arguments
};

enum class RunsAction {
  kList,
  kShow,
  kCancel,
  kMetrics,
  kFiles,
  kGet,
  kDelete,
  kRestore,
  kArchive
};
struct RunsOptions {
  RunsAction action = RunsAction::kList;
  std::string run;
  std::vector<std::string> runs;  // cancel takes several
  std::string experiment;
  std::vector<std::string> statuses;
  std::vector<std::string> tags;
  std::string filter;
  std::string sort;
  std::string text;
  std::vector<std::string> metrics;  // columns of the list
  std::vector<std::string> params;
  std::string view;
  bool undo = false;
  int64_t limit = 20;
  bool children = false;
  std::string metric;
  int64_t buckets = 0;  // 0: every value
  std::string prefix;
  std::vector<std::string> files;
  std::string output = ".";
};

struct LogsOptions {
  std::string run;
  std::string name;
  bool follow = false;
};

enum class ComputeAction { kList, kShow, kCreate, kUpdate, kDelete };
struct ComputeOptions {
  ComputeAction action = ComputeAction::kList;
  std::string name;
  std::string vm_size;
  std::string vm_priority;
  std::optional<int64_t> min_nodes;
  std::optional<int64_t> max_nodes;
  std::optional<int64_t> idle_seconds;
  std::optional<std::string> env_root;
  std::string description;
};

enum class ModelsAction { kList, kShow, kRegister, kDownload };
struct ModelsOptions {
  ModelsAction action = ModelsAction::kList;
  std::string name;
  int64_t version = 0;  // 0: the latest
  std::string run;
  std::string path;
  std::string output = ".";
  std::vector<std::string> tags;
  std::string description;
  bool latest = false;
};

enum class EnvAction { kList, kShow, kBuild, kLock, kDiff, kExport, kGc, kDoctor };
struct EnvOptions {
  EnvAction action = EnvAction::kList;
  std::string name;  // or a run's id, or digits of an env_id or build_id
  std::string version;
  std::string other;             // diff
  std::string env_file;          // build, lock
  std::vector<std::string> pip;  // build, lock
  std::string python;            // build, lock: a version
  std::string format = "requirements";
  std::string output;    // a file; "": standard output
  bool upgrade = false;  // lock
  bool dry_run = false;
  std::optional<double> unused_days;
  bool deep = false;
};

struct OpenOptions {
  std::string run;
};

struct SnapshotOptions {
  std::string dir = ".";
  bool allow_large = false;
};

struct SyncOptions {
  std::vector<std::string> dirs;  // folders of runs, or folders of such; none: all of this user
  std::string experiment;         // of runs that the server does not know
  bool ended = false;
  bool remove = false;
};

enum class SecretsAction { kSet, kGet, kList, kDelete };
struct SecretsOptions {
  SecretsAction action = SecretsAction::kList;
  std::string name;
  std::string file;
};

enum class SourcesAction { kAdd, kList, kRemove };
struct SourcesOptions {
  SourcesAction action = SourcesAction::kList;
  std::string prefix;
  std::string to;    // folder, or the URL of a mirror
  std::string from;  // file of rules
};

struct GcOptions {
  bool dry_run = false;
  bool show_rules = false;
  std::vector<std::string> settings;  // "RULE=DAYS"
};

struct DoctorOptions {
  std::string run;
  std::string data;
  bool deep = false;
};

struct BackupOptions {
  std::string data;
  std::string dest;
};

struct RestoreOptions {
  std::string backup;
  std::string data;
  bool partial = false;
};

struct CompletionOptions {
  std::string shell;
};

using Command = std::variant<InitOptions, ServerOptions, SubmitOptions, RunsOptions, LogsOptions,
                             ComputeOptions, ModelsOptions, EnvOptions, OpenOptions,
                             CompletionOptions, SnapshotOptions, BackupOptions, RestoreOptions,
                             SecretsOptions, SourcesOptions, GcOptions, DoctorOptions, SyncOptions>;

/// The tree of commands and their options, for shell completion.
struct CommandTree {
  std::string name;
  std::vector<std::string> options;  // "--json"
  std::vector<CommandTree> children;
};

struct Parsed {
  CommonOptions common;
  std::optional<Command> command;  // absent: only `text` is printed
  std::string text;                // help, version or an error
  int exit_code = 0;
};

/// argv[0] is the program's name.
Parsed ParseArguments(const std::vector<std::string>& argv);
CommandTree AllCommands();

}  // namespace rw::cli
