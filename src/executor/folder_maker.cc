#include "executor/folder_maker.h"

#include "base/log.h"
#include "cas/folder_blob_store.h"
#include "cas/materialise.h"
#include "cas/snapshot_reader.h"
#include "executor/compat.h"
#include "executor/container_launch.h"
#include "executor/failure.h"
#include "executor/launch_file.h"
#include "executor/output_scan.h"
#include "executor/protection.h"
#include "os/paths.h"

namespace rw::executor {
namespace {

json::Value SystemError(const Error& error) {
  json::Value out = json::Object();
  out.Set("code", "SystemError").Set("message", error.message());
  if (error.code() == Code::kNoSpace) {
    out.Set("next_step", "Free disk space on the node and submit again.");
  } else if (error.code() == Code::kCorrupt) {
    out.Set("next_step", "The server's store is damaged: submit again from the source folder.");
  }
  return out;
}

class Maker {
 public:
  explicit Maker(const FolderJob& job)
      : job_(job),
        store_(job.fs, job.grant.plan.blob_dir.empty() ? BlobFolder(job.folder)
                                                       : job.grant.plan.blob_dir) {}

  Result<FolderResult> Make() {
    // Not synced: it must survive this process, not the machine (with which the shim dies, and a
    // claim of the same claimant gives the same grant).
    TRY(ReplaceFile(job_.fs, job_.folder.grant(), job_.grant_text));
    TRY(MakeFolders());
    TRY(WriteRunJson());
    TRY(WriteCompat());
    FolderResult result;
    result.missing = TRY(MissingBlobs());
    if (!result.missing.empty()) return result;
    TRY(MakeResume());
    TRY(MakeWork());
    result.error = CheckScript();
    if (!result.error.is_null()) return result;
    TRY(WriteLaunch());
    return result;
  }

 private:
  Status MakeFolders() {
    TRY(job_.fs.MakeDirs(job_.folder.journal(), 0700));
    TRY(job_.fs.MakeDirs(job_.folder.tmp(), 0700));
    MakeDataCache();
    std::string log = job_.folder.Path(job_.grant.plan.log_name);
    TRY(job_.fs.MakeDirs(os::DirName(log)));
    TRY(job_.fs.Open(log,
                     os::OpenMode::kAppend));  // so that it can be watched from the first byte on
    return Ok();
  }

  Status WriteRunJson() {
    json::Value run = job_.grant.run;
    run.Set("version", 1).Set("attempt", job_.grant.attempt);
    return ReplaceFile(job_.fs, job_.folder.run_json(), json::Write(run));
  }

  /// Where it cannot be made, the library that wants it says so.
  void MakeDataCache() {
    const std::string& cache = job_.grant.plan.data_cache;
    if (!cache.empty() && !job_.fs.MakeDirs(cache))
      LOG_WARN("prepare.no_data_cache", {"path", cache});
  }

  Status WriteCompat() {
    std::string text = CompatText(job_.grant.plan);
    return text.empty() ? Ok() : ReplaceFile(job_.fs, job_.folder.compat(), text);
  }

  Result<std::vector<std::string>> MissingBlobs() {
    std::vector<std::string> out;
    if (!job_.grant.plan.blob_dir.empty()) return out;
    std::vector<cas::Digest> wanted;
    for (const ResumeFile& file : job_.grant.plan.resume_files)
      wanted.push_back(TRY(cas::Digest::Parse(file.digest)));
    for (const cas::Digest& digest : TRY(store_.FindMissing(wanted))) out.push_back(digest.Hex());
    if (job_.grant.plan.snapshot_id.empty()) return out;
    cas::ClosureChecker checker(store_);
    auto closure = TRY(checker.Check(TRY(cas::Digest::Parse(job_.grant.plan.snapshot_id))));
    for (const cas::Digest& digest : closure.missing) out.push_back(digest.Hex());
    return out;
  }

  /// Beside the working folder: what an earlier run left is no output of this one.
  Status MakeResume() {
    if (!job_.grant.plan.resumes) return Ok();
    TRY(job_.fs.RemoveTree(job_.folder.resume()));
    TRY(job_.fs.MakeDirs(job_.folder.resume()));
    for (const ResumeFile& file : job_.grant.plan.resume_files) {
      if (job_.canceled.load())
        return Error(Code::kCanceled, "Copying the earlier run's files was canceled.");
      std::string path = job_.folder.resume() + "/" + file.path;
      TRY(job_.fs.MakeDirs(os::DirName(path)));
      Status made = cas::CopyBlob(store_, TRY(cas::Digest::Parse(file.digest)), job_.fs, path);
      if (!made)
        return std::move(made).error().WithContext("file " + file.path + " of the earlier run");
    }
    return Ok();
  }

  Status MakeWork() {
    TRY(job_.fs.RemoveTree(job_.folder.work()));
    OutputRecord record;
    if (!job_.grant.plan.snapshot_id.empty()) {
      cas::Digest root = TRY(cas::Digest::Parse(job_.grant.plan.snapshot_id));
      auto cloner = cas::ReflinkCloner();
      cas::MaterialiseOptions options;
      options.progress = [this](const cas::MaterialiseCounts&) { return !job_.canceled.load(); };
      options.cloner = cloner.get();
      options.blob_path = [this](const cas::Digest& digest) { return store_.Path(digest); };
      TRY(cas::Materialise(store_, root, job_.fs, job_.folder.work(), options));
      TRY(ReadBaseline(root, record));
      TRY(job_.fs.RemoveTree(BlobFolder(job_.folder)));
    }
    TRY(job_.fs.MakeDirs(job_.folder.work() + "/outputs"));
    TRY(job_.fs.MakeDirs(job_.folder.work() + "/logs"));
    return SaveRecord(job_.fs, job_.folder, record);
  }

  /// Files of outputs/ and logs/ that the snapshot brought along are not this run's until they are
  /// written, be it with the same content.
  Status ReadBaseline(const cas::Digest& root, OutputRecord& record) {
    cas::Tree top = TRY(cas::ReadTree(store_, root));
    for (const cas::TreeEntry& entry : top) {
      bool shipped = entry.name == "outputs" || entry.name == "logs";
      if (!shipped || entry.mode != cas::EntryMode::kFolder) continue;
      auto below = TRY(cas::ListSnapshot(store_, entry.digest));
      for (const cas::SnapshotEntry& one : below)
        if (one.entry.mode != cas::EntryMode::kFolder)
          AddBaseline(entry.name + "/" + one.path, one.entry.digest, record);
    }
    return Ok();
  }

  void AddBaseline(const std::string& name, const cas::Digest& digest, OutputRecord& record) {
    auto file = OutputFileOf(job_.fs, job_.folder, name);
    if (file) record.baseline[name] = {file->stamp, digest.Hex()};
  }

  json::Value CheckScript() {
    const LaunchPlan& plan = job_.grant.plan;
    if (plan.script.empty() || os::Exists(job_.fs, job_.folder.work() + "/" + plan.script))
      return {};
    std::vector<std::string> files;
    auto entries = job_.fs.List(job_.folder.work());
    if (entries)
      for (const os::DirEntry& entry : *entries) files.push_back(entry.name);
    return DescribeMissingScript(plan, files);
  }

  Status WriteLaunch() {
    const LaunchPlan& plan = job_.grant.plan;
    auto environment =
        MakeEnvironment(job_.grant, job_.folder, job_.server_url, job_.base_environment);
    std::string log = job_.folder.Path(plan.log_name);
    std::string launch;
    if (plan.image.engine.empty()) {
      launch = TRY(EncodeLaunch(job_.folder.work(), log, CommandLine(plan, environment.variables),
                                environment.variables));
      launch += EncodeProtection(plan.protect);
    } else {
      launch = TRY(WriteContainer(log, environment.variables));
    }
    // Whole by rename; after a crash of the machine state/launching alone says whether it was used.
    return ReplaceFile(job_.fs, job_.folder.launch(), launch);
  }

  /// What goes into the container, and how to remove it; the launch file of the engine's client.
  Result<std::string> WriteContainer(const std::string& log, const EnvironmentMap& variables) {
    const RunFolder& folder = job_.folder;
    const LaunchPlan& plan = job_.grant.plan;
    TRY(ReplaceFile(job_.fs, folder.inside(),
                    TRY(EncodeInside(folder.work(), log, folder, plan, variables))));
    EnvironmentMap engine = EngineEnvironment(plan, job_.base_environment);
    TRY(ReplaceFile(job_.fs, folder.container(),
                    TRY(EncodeLaunch("/", log, RemoveCommand(job_.grant), engine))));
    auto command = ContainerCommand(job_.grant, folder, MountsOf(plan, job_.fs));
    std::string launch = TRY(EncodeLaunch(folder.root, log, command, engine));
    launch += kContainerMark;
    return launch;
  }

  const FolderJob& job_;
  cas::FolderBlobStore store_;
};
}  // namespace

std::string BlobFolder(const RunFolder& folder) { return folder.Path("state/blobs"); }

FolderResult MakeFolder(const FolderJob& job) {
  auto made = Maker(job).Make();
  if (made) return std::move(*made);
  FolderResult failed;
  failed.error = SystemError(made.error());
  return failed;
}

}  // namespace rw::executor
